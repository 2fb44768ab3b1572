/** The history of a report: for every op, what stood there when its author wrote, and what stands after it. */
import { ENTITY, REVIEW, same } from '../../sync/overlay';
import { keptField } from '../../sync/late';
import type { Edit, OpPayload, Verdict } from '../../sync/types';

/** Fields of the review that say what became of an op that was kept aside. */
const LATE = keptField('');

export type HistoryOp = {
  op: string;
  sha256: string;
  jws: string;
  payload: OpPayload;
  verdict: Verdict | null;
  reason: string | null;
  received: string | null;
  not_before: string | null;
  seq: number | null;
};

/** A value as somebody wrote it. */
export type Written = Pick<OpPayload, 'op' | 'actor' | 'device'> & { wall: string; value: unknown };

export type FieldChange = {
  entity: string;
  field: string;
  list: string | null;
  /** Everything that its author had seen of the field, also what was superseded since. */
  seen: Written[];
  /** Those of `seen` that stood there until now. */
  from: Written[];
  to: unknown;
  /** Values that stayed beside the new one because its author had not seen them. */
  beside: Written[];
};

/** Whose late words an op decides about, and how; nobody's where the server could not read them. */
export type About = { actor: string | null; device: string | null; wall: string | null; ending: unknown };

export type Step = {
  op: string;
  seq: number | null;
  /** Null where the server could not read it: whatever it says of itself cannot be believed. */
  kind: string | null;
  actor: string | null;
  device: string | null;
  wall: string | null;
  offset: number;
  received: string | null;
  not_before: string | null;
  verdict: Verdict | null;
  reason: string | null;
  why: string | null;
  about: About | null;
  changes: FieldChange[];
};

type Past = {
  heads: Map<string, Written[]>;
  /** Every version of every field, by field and op. */
  written: Map<string, Map<string, Written>>;
  lists: Map<string, string>;
};

/**
 * Replays the ops in the server's order with heads' = (heads − base) ∪ {op}. A quarantined op changes nothing, but is
 * shown with what it would have changed.
 */
export function steps(ops: HistoryOp[]): Step[] {
  const past: Past = { heads: new Map(), written: new Map(), lists: new Map() };
  return ops.map((one) => {
    if (isUnread(one)) return unread(one);
    const { payload } = one;
    // An op without a verdict waits for one that it builds on.
    const stands = one.verdict !== null && one.verdict !== 'quarantined';
    const changes = payload.edits.map((edit) => changeOf(edit, past));
    const about = aboutOf(payload, ops);
    // Other bytes under an op's id must not take the place of what stands under it.
    if (one.reason !== 'op_id_reused') for (const edit of payload.edits) write(edit, authorOf(payload, about), past, stands);
    return {
      op: one.op,
      seq: one.seq,
      kind: payload.kind,
      actor: payload.actor,
      device: payload.device,
      wall: payload.time.wall,
      offset: payload.time.utc_offset,
      received: one.received,
      not_before: one.not_before,
      verdict: one.verdict,
      reason: one.reason,
      why: payload.reason ?? null,
      about,
      changes
    };
  });
}

/** An op that could not be read has no id of its own. */
function isUnread(one: HistoryOp): boolean {
  return one.op.startsWith('sha256:');
}

function unread({ op, seq, received, verdict, reason }: HistoryOp): Step {
  // What it names as read cannot be believed either.
  const nobody = { kind: null, actor: null, device: null, wall: null, offset: 0, not_before: null, why: null, about: null };
  return { ...nobody, op, seq, received, verdict, reason, changes: [] };
}

function keyOf(edit: Edit): string {
  return `${edit.entity}\u0000${edit.field}`;
}

function changeOf(edit: Edit, { heads, written, lists }: Past): FieldChange {
  if (edit.field === ENTITY && isCreation(edit.value)) lists.set(edit.entity, edit.value.list);
  const standing = heads.get(keyOf(edit)) ?? [];
  const seen = new Set(edit.base);
  const known = written.get(keyOf(edit));
  return {
    entity: edit.entity,
    field: edit.field,
    list: lists.get(edit.entity) ?? null,
    seen: edit.base.flatMap((op) => known?.get(op) ?? []),
    from: distinct(standing.filter((head) => seen.has(head.op))),
    to: edit.value,
    beside: distinct(standing.filter((head) => !seen.has(head.op) && !same(head.value, edit.value)))
  };
}

/** Who wrote what an op says: of a correction, whoever wrote it late. */
function authorOf({ op, actor, device, time }: OpPayload, about: About | null): Omit<Written, 'value'> {
  const late = about?.ending === 'correction' ? about : null;
  return { op, actor: late?.actor ?? actor, device: late?.device ?? device, wall: late?.wall ?? time.wall };
}

function write(edit: Edit, author: Omit<Written, 'value'>, { heads, written }: Past, stands: boolean): void {
  const version = { ...author, value: edit.value };
  const known = written.get(keyOf(edit)) ?? new Map<string, Written>();
  written.set(keyOf(edit), known.set(author.op, version));
  if (!stands) return;
  const left = (heads.get(keyOf(edit)) ?? []).filter((head) => !edit.base.includes(head.op));
  heads.set(keyOf(edit), [...left, version]);
}

/** The op that is kept aside, if this one decides about such a one; by its id, or its hash where that is its name. */
function aboutOf(payload: OpPayload, ops: HistoryOp[]): About | null {
  const mark = payload.edits.find((edit) => edit.entity === REVIEW && edit.field.startsWith(LATE));
  const name = mark?.field.slice(LATE.length);
  const kept = ops.find((one) => one.op === name || one.sha256 === name);
  if (!mark) return null;
  if (!kept || isUnread(kept)) return { actor: null, device: null, wall: null, ending: mark.value };
  const { actor, device, time } = kept.payload;
  return { actor, device, wall: time.wall, ending: mark.value };
}

function isCreation(value: unknown): value is { list: string } {
  return typeof value === 'object' && value !== null && typeof (value as { list?: unknown }).list === 'string';
}

function distinct(all: Written[]): Written[] {
  return all.filter((one, at) => all.findIndex((other) => same(other.value, one.value)) === at);
}

const KINDS: Record<string, string> = {
  edit: 'Edited',
  hold: 'Asked to hold footage',
  submit: 'Submitted',
  return: 'Returned',
  approve: 'Approved and locked',
  supplement: 'Added a supplement',
  resolve: 'Resolved a conflict',
  admit: 'Took in a late change',
  dismiss: 'Closed a late change'
};

export function kindWords(kind: string | null): string {
  return kind === null ? 'Could not be read' : (KINDS[kind] ?? kind);
}

const VERDICTS: Record<string, string> = {
  applied: 'Applied',
  merged: 'Merged with another text',
  conflict: 'Conflict',
  quarantined: 'Not applied'
};

export function verdictWords(verdict: string | null): string {
  if (verdict === null) return 'Waiting';
  return VERDICTS[verdict] ?? verdict;
}
