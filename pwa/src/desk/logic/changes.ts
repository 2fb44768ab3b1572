/** The history of a report: for every op, what stood there when its author wrote, and what stands after it. */
import { same } from '../../sync/overlay';
import type { Edit, OpPayload, Verdict } from '../../sync/types';

export type HistoryOp = {
  op: string;
  sha256: string;
  jws: string;
  payload: OpPayload;
  verdict: Verdict | null;
  reason: string | null;
  received: string | null;
  seq: number | null;
};

export type FieldChange = {
  entity: string;
  field: string;
  list: string | null;
  from: unknown[];
  to: unknown;
  /** Values that stayed beside the new one because its author had not seen them. */
  beside: unknown[];
};

export type Step = {
  op: string;
  seq: number | null;
  kind: string;
  actor: string;
  device: string;
  wall: string;
  offset: number;
  received: string | null;
  verdict: Verdict | null;
  reason: string | null;
  why: string | null;
  changes: FieldChange[];
};

type Head = { op: string; value: unknown };

/**
 * Replays the ops in the server's order with heads' = (heads − base) ∪ {op}. A quarantined op changes nothing, but is
 * shown with what it would have changed.
 */
export function steps(ops: HistoryOp[]): Step[] {
  const heads = new Map<string, Head[]>();
  const lists = new Map<string, string>();
  return ops.map((one) => {
    const { payload } = one;
    // An op without a verdict waits for one that it builds on.
    const stands = one.verdict !== null && one.verdict !== 'quarantined';
    const changes = payload.edits.map((edit) => changeOf(edit, heads, lists));
    if (stands) for (const edit of payload.edits) apply(edit, payload.op, heads);
    return {
      op: one.op,
      seq: one.seq,
      kind: payload.kind,
      actor: payload.actor,
      device: payload.device,
      wall: payload.time.wall,
      offset: payload.time.utc_offset,
      received: one.received,
      verdict: one.verdict,
      reason: one.reason,
      why: payload.reason ?? null,
      changes
    };
  });
}

function keyOf(edit: Edit): string {
  return `${edit.entity}\u0000${edit.field}`;
}

function changeOf(edit: Edit, heads: Map<string, Head[]>, lists: Map<string, string>): FieldChange {
  if (edit.field === '@entity' && isCreation(edit.value)) lists.set(edit.entity, edit.value.list);
  const standing = heads.get(keyOf(edit)) ?? [];
  const seen = new Set(edit.base);
  return {
    entity: edit.entity,
    field: edit.field,
    list: lists.get(edit.entity) ?? null,
    from: distinct(standing.filter((head) => seen.has(head.op)).map((head) => head.value)),
    to: edit.value,
    beside: distinct(standing.filter((head) => !seen.has(head.op)).map((head) => head.value)).filter(
      (value) => !same(value, edit.value)
    )
  };
}

function apply(edit: Edit, op: string, heads: Map<string, Head[]>): void {
  const seen = new Set(edit.base);
  const left = (heads.get(keyOf(edit)) ?? []).filter((head) => !seen.has(head.op));
  heads.set(keyOf(edit), [...left, { op, value: edit.value }]);
}

function isCreation(value: unknown): value is { list: string } {
  return typeof value === 'object' && value !== null && typeof (value as { list?: unknown }).list === 'string';
}

function distinct(values: unknown[]): unknown[] {
  return values.filter((value, at) => values.findIndex((other) => same(other, value)) === at);
}

const KINDS: Record<string, string> = {
  edit: 'Edited',
  hold: 'Asked to hold footage',
  submit: 'Submitted',
  return: 'Returned',
  approve: 'Approved and locked',
  supplement: 'Added a supplement',
  resolve: 'Resolved a conflict'
};

export function kindWords(kind: string): string {
  return KINDS[kind] ?? kind;
}

const VERDICTS: Record<string, string> = {
  applied: 'Applied',
  merged: 'Merged',
  conflict: 'Conflict',
  quarantined: 'Not applied'
};

export function verdictWords(verdict: string | null): string {
  if (verdict === null) return 'Waiting';
  return VERDICTS[verdict] ?? verdict;
}

/** Codes of the rules that hold an op back, in words that say what it means for the reader. */
const REASONS: Record<string, string> = {
  malformed: 'It could not be read.',
  newer_op_format: 'It was written by a newer app than the server knows.',
  unknown_kind: 'Its kind is not known to the server.',
  field_twice: 'It writes one field twice.',
  bad_signature: 'Its signature does not fit the key of the device.',
  unknown_device: 'The device is not enrolled.',
  revoked_device: 'The device was revoked before this arrived.',
  not_device_owner: 'It was signed on a device that belongs to somebody else.',
  op_id_reused: 'Another change with the same id was stored before.',
  waiting_for_base: 'An earlier change that it builds on has not arrived yet.',
  unknown_form: 'It was written with a form version that the server does not know.',
  unknown_entity: 'It writes to an entry that was never made.',
  not_allowed: 'The account may not write this to this report.',
  own_report: 'The author of a report cannot review it.',
  report_locked: 'The report is approved and locked. Only a supplement can be added.',
  not_approved: 'A supplement can be added only to an approved report.',
  stale_view: 'The report changed while it was being read.',
  open_conflict: 'A conflict is open. It must be resolved first.',
  incomplete: 'Something that is needed to submit is missing.',
  reason_missing: 'A reason must be given.',
  wrong_kind: 'This kind of change may not write these fields.',
  written_once: 'The field can be written only once.',
  no_conflict: 'The field was not in conflict any more; there was nothing to settle.',
  conflict_needs_reason: 'The field has two values; settle it with a reason.',
  bad_value: 'A value does not fit its field.',
  rule_failed: 'The server could not judge it. It is judged again after an update.'
};

export function reasonWords(code: string | null | undefined): string {
  if (!code) return '';
  return REASONS[code] ?? code.replaceAll('_', ' ');
}
