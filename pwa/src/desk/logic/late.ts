/** Changes that the server keeps without applying them: what each is, what may be done about it, what became of it. */
import { ENTITY, REVIEW } from '../../sync/overlay';
import { decision, editsOf, isPassed, keptName } from '../../sync/late';
import type { Edit, OpKind, Quarantined, ReportState, Snapshot, Version } from '../../sync/types';
import { mendedBy } from './reasons';

/**
 * late: words that a person has to decide about · step: a step of the review or a decision, which is taken anew
 * instead · waiting: judged by itself once the rest has arrived · update: kept until the server is updated.
 */
export type LateKind = 'late' | 'step' | 'waiting' | 'update';

export type Ending = 'correction' | 'supplement' | 'dismissed';

export type Late = {
  /** The hash: two entries may bear one op's id. */
  key: string;
  /** How an op that settles it names it. */
  name: string;
  one: Quarantined;
  kind: LateKind;
  settled: { as: Ending; by: Version } | null;
};

const WORDS = new Set<OpKind | null>(['edit', 'hold', 'supplement', 'resolve', null]);

export function lateOf(snapshot: Snapshot, quarantined: Quarantined[]): Late[] {
  return quarantined.map((one) => {
    const by = decision(snapshot, one);
    const settled = by ? { as: by.value as Ending, by } : null;
    return { key: one.sha256, name: keptName(one), one, kind: kindOf(one), settled };
  });
}

function kindOf(one: Quarantined): LateKind {
  const mends = mendedBy(one.reason);
  if (mends) return mends === 'time' ? 'waiting' : 'update';
  return WORDS.has(one.kind) ? 'late' : 'step';
}

/** How many of each kind are still open: settled ones need nobody, nor does a step that the review has gone past. */
export function countOpen(snapshot: Snapshot, all: Late[]): Record<LateKind, number> {
  const count = { late: 0, step: 0, waiting: 0, update: 0 };
  for (const each of all) if (isOpen(snapshot, each)) count[each.kind] += 1;
  return count;
}

export function isOpen(snapshot: Snapshot, { one, kind, settled }: Late): boolean {
  if (settled) return false;
  return kind !== 'step' || !isPassed(snapshot, one);
}

/** What the reviewer may do about one, each with the words for why not; left out where it makes no sense at all. */
export type Ways = { correction?: string | null; supplement?: string | null; dismiss?: string | null };

const OPEN: ReportState[] = ['draft', 'submitted', 'returned'];

/** Refusals that would meet the same words again. */
const AGAIN: Record<string, string> = {
  bad_value: 'A value in it does not fit its field, so it cannot be taken in. Ask the officer to write it again.',
  written_once: 'The field can be written only once, so it cannot be taken in.'
};

export function waysOf(late: Late, state: ReportState, blocked: string | null): Ways {
  const { one, kind, settled } = late;
  // What time or an update mends is no business of a person's: it would be applied all the same.
  if (settled || kind === 'waiting' || kind === 'update' || one.received === null) return {};
  if (kind !== 'late' || isUnread(one)) return { dismiss: blocked };
  const ways: Ways = { dismiss: blocked };
  if (state === 'approved') ways.supplement = blocked;
  else if (OPEN.includes(state) && (one.kind === 'edit' || one.kind === 'hold')) {
    ways.correction = blocked ?? AGAIN[one.reason] ?? null;
  }
  // Nobody takes in what they have not read.
  for (const way of ['correction', 'supplement'] as const) {
    if (one.edits === null && way in ways) ways[way] ??= 'Show what it says first.';
  }
  return ways;
}

/** The same with what it says, where a copy had no room for it and it was read from the history (by hash). */
export function withWords(late: Late, read: ReadonlyMap<string, Edit[]>): Late {
  const edits = late.one.edits ?? read.get(late.key) ?? null;
  return edits === late.one.edits ? late : { ...late, one: { ...late.one, edits } };
}

/** Nothing of it can be shown or taken in: the server could not read it, or it bears another change's number. */
export function isUnread(one: Quarantined): boolean {
  return one.kind === null || one.reason === 'op_id_reused';
}

/** The edits that say something, without what only makes an entity. */
export function wordsOf(one: Quarantined): Edit[] {
  return editsOf(one).filter((edit) => edit.entity !== REVIEW && !(edit.field === ENTITY && edit.value !== null));
}

/** Other open late changes that one was written on top of: taken in alone, it would stand beside what they say. */
export function buildsOn(late: Late, all: Late[]): Late[] {
  const named = new Set(editsOf(late.one).flatMap((edit) => edit.base));
  return all.filter((other) => other !== late && !other.settled && named.has(other.one.op));
}

export type LateLine = { label: string; words: string };

/** The beginning of a supplement: the late values, quoted, with who wrote them, on what and when they arrived. */
export function supplementText(who: string, made: string, arrived: string, lines: LateLine[]): string {
  const said = lines.map(({ label, words }) => `${label}: “${words}”`);
  return [`Written by ${who}, ${made}; it arrived ${arrived}, after the report was approved.`, ...said].join('\n');
}

/** The kept change whose words an op took in as they were written, if that is what the op did. */
export function sourceOf(all: Late[], op: string): Quarantined | null {
  return all.find(({ settled }) => settled?.as === 'correction' && settled.by.op === op)?.one ?? null;
}
