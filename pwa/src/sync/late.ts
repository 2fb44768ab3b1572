/** Ops that are kept aside: how a decision about one names it, whether it was made, and which still wait for one. */
import { REVIEW } from './overlay';
import type { Edit, OpKind, Origin, Quarantined, Snapshot, Version } from './types';

/** Reasons that time or an update may mend: nobody has to act on them. */
export const MENDS_ITSELF = new Set(['waiting_for_base', 'waiting_for_report', 'unknown_entity', 'rule_failed', 'unknown_form']);

/** Kinds whose words would be lost to the report; steps of the review are taken anew instead. */
const WORDS = new Set<OpKind | null>(['edit', 'hold', 'supplement', 'resolve']);

/** The name of a kept op in the review: its id, or its hash where it has none of its own. */
export function keptName(entry: Pick<Quarantined, 'op' | 'sha256' | 'reason'>): string {
  return entry.reason === 'op_id_reused' || entry.op.startsWith('sha256:') ? entry.sha256 : entry.op;
}

/** Who wrote the words of a version: not the desk that took them in late. */
export function writtenBy(version: Version): Origin {
  return version.words_of ?? version;
}

/** What a kept op would have written, as far as it was told. */
export function editsOf(entry: Pick<Quarantined, 'edits'>): Edit[] {
  return entry.edits ?? [];
}

export function keptField(name: string): string {
  return `late/${name}`;
}

/** What was decided about a kept op: who said "dismissed", "correction" or "supplement", and when; null while open. */
export function decision(view: Snapshot, entry: Pick<Quarantined, 'op' | 'sha256' | 'reason'>): Version | null {
  return view.fields[REVIEW]?.[keptField(keptName(entry))]?.at(-1) ?? null;
}

/** Steps of the review: one that was refused is taken anew, by somebody who has seen more. */
const STEPS = new Set<OpKind | null>(['submit', 'return', 'approve']);
/** What was said about a kept op: where it is refused, the kept op itself still waits. */
const ABOUT_KEPT = new Set<OpKind | null>(['admit', 'dismiss']);

/** Whether a kept op needs nobody, though nobody decided about it: it is about another, or the review has gone past it. */
export function isPassed(view: Snapshot, entry: Quarantined): boolean {
  return ABOUT_KEPT.has(entry.kind) || (STEPS.has(entry.kind) && isBehind(view.fields[REVIEW]?.['state']?.at(-1), entry));
}

/** By the times at which the server received them: the clocks of the devices, in the ids too, may be hours apart. */
function isBehind(now: Version | undefined, entry: Quarantined): boolean {
  if (!now || now.op === entry.op) return false;
  // What is only on this phone is newer than all that the server has; of two such, one clock made both ids.
  if (now.received === null || entry.received === null) {
    return now.received === entry.received ? entry.op < now.op : now.received === null;
  }
  const later = Date.parse(now.received) - Date.parse(entry.received);
  return later > 0 || (later === 0 && now.device === entry.device && entry.op < now.op);
}

/** The kept ops on the server whose words wait for somebody to decide about them. */
export function undecided(view: Snapshot, kept: Quarantined[]): Quarantined[] {
  return kept.filter(
    (entry) =>
      entry.received !== null &&
      !MENDS_ITSELF.has(entry.reason) &&
      (entry.kind === null || WORDS.has(entry.kind)) &&
      !decision(view, entry)
  );
}
