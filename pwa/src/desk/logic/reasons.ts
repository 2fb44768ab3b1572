/** Why the server keeps an op without applying it, in words that say what it means for the reader of a report. */

const REASONS: Record<string, string> = {
  malformed: 'It could not be read.',
  newer_op_format: 'It was written by a newer app than the server knows.',
  unknown_kind: 'Its kind is not known to the server.',
  field_twice: 'It writes one field twice.',
  bad_signature: 'Its signature does not fit the key of the device.',
  unknown_device: 'The device is not enrolled.',
  revoked_device: 'The device was revoked before this arrived.',
  not_device_owner: 'It was signed on a device that belongs to somebody else.',
  op_id_reused: 'Another change with the same number was stored before.',
  waiting_for_base: 'An earlier change that it builds on has not arrived yet.',
  waiting_for_report: 'The change that begins the report, or names its author on it, has not arrived yet.',
  unknown_form: 'It was written with a form version that the server does not know.',
  unknown_entity: 'It writes to an entry that was never made.',
  not_allowed: 'The account may not write this to this report.',
  own_report: 'The author of a report cannot review it.',
  report_locked: 'The report was approved and locked before this arrived.',
  not_approved: 'A supplement can be added only to an approved report.',
  stale_view: 'The report changed while it was being read.',
  open_conflict: 'A conflict is open. It must be resolved first.',
  unconfirmed_merge: 'A text was merged from two and nobody has confirmed it. It must be read and confirmed first.',
  not_kept_aside: 'The change that it settles is not kept aside, or not any more.',
  not_verbatim: 'It did not carry the late words exactly as they were written.',
  incomplete: 'Something that is needed to submit is missing.',
  reason_missing: 'A reason must be given.',
  wrong_kind: 'This kind of change may not write these fields.',
  written_once: 'The field can be written only once.',
  no_conflict: 'The field was not in conflict any more, or a further value had come.',
  conflict_needs_reason: 'The field has two values; settle it with a reason.',
  bad_value: 'A value does not fit its field.',
  hold_needs_one_footage: 'A hold is about the footage of one camera.',
  hold_names_other_camera: 'The hold names another camera than before.',
  hold_of_other_report: 'The footage is held for another report.',
  rule_failed: 'The server could not judge it. It is judged again after an update.'
};

export function reasonWords(code: string | null | undefined): string {
  if (!code) return '';
  return REASONS[code] ?? code.replaceAll('_', ' ');
}

/** The server judges these by itself as soon as what is missing has arrived. */
const WAITING = new Set(['waiting_for_base', 'waiting_for_report', 'unknown_entity']);

/** These are judged, or read, once the server knows what the app that wrote them knew. */
const UPDATE = new Set(['unknown_form', 'newer_op_format', 'unknown_kind', 'rule_failed']);

/** Whether time alone mends it, or an update of the server; null where a person has to decide. */
export function mendedBy(code: string): 'time' | 'update' | null {
  if (WAITING.has(code)) return 'time';
  return UPDATE.has(code) ? 'update' : null;
}
