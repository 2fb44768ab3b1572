/** Why the server keeps an op without applying it, in words for the person who made it. The codes are the server's. */
const WORDS: Record<string, string> = {
  bad_value: 'A value does not fit its field. Enter it again.',
  unknown_entity: 'It belongs to an entry that has not arrived yet. It is run again by itself when that arrives.',
  wrong_kind: 'This kind of change is not allowed there.',
  report_locked: 'The report was approved before this arrived. Add it as a supplement.',
  written_once: 'This is written once and cannot be changed.',
  no_conflict: 'The field was not in conflict any more; there was nothing to settle.',
  conflict_needs_reason: 'The field has two values; settle it with a reason.',
  incomplete: 'Something that submitting needs was missing. Complete it and submit again.',
  stale_view: 'The report changed before this arrived. Look at it again.',
  reason_missing: 'A reason was missing.',
  open_conflict: 'Two values stand beside each other. Choose one first.',
  not_approved: 'A supplement needs an approved report.',
  not_allowed: 'Your account may not write this to this report.',
  own_report: 'The author of a report may not review it.',
  revoked_device: 'This phone was revoked before this arrived. Tell your administrator.',
  unknown_device: 'This phone is not enrolled. Tell your administrator.',
  not_device_owner: 'This phone belongs to another account. Tell your administrator.',
  bad_signature: 'The signature of this phone does not fit. Tell your administrator.',
  waiting_for_base: 'An earlier change has not arrived yet. It is run again by itself when that arrives.',
  unknown_form: 'The server must be updated first. It is run again by itself then.',
  newer_op_format: 'This app is newer than the server, which could not read it. It is kept; tell your administrator.',
  unknown_kind: 'The server could not read it. It is kept; tell your administrator.',
  field_twice: 'The server could not read it. It is kept; tell your administrator.',
  malformed: 'The server could not read it. It is kept; tell your administrator.',
  op_id_reused: 'The server has another change under the same number. Both are kept; tell your administrator.',
  rule_failed: 'The server’s rules failed on it. It is run again by itself after an update.',
  not_found: 'The server does not take this photo: the report is not yours there. It stays on this phone.',
  forbidden: 'The server does not take this photo from your account. It stays on this phone.',
  too_large: 'It is larger than the server takes. It stays on this phone; tell your administrator.',
  photo_type: 'The server does not take this kind of picture. It stays on this phone.',
  photo_differs: 'The server has another picture under the same number. This one stays on this phone.',
  photo_gone: 'This phone no longer has the picture. Take it again.',
  bad_metadata: 'The server could not read what the picture was announced with. It stays on this phone.',
  hold_needs_one_footage: 'A hold is about one camera. Ask for it again.',
  hold_names_other_camera: 'The hold names another camera than before. Ask for a new hold.',
  hold_of_other_report: 'The footage is held for another report.'
};

export function reasonWords(reason: string): string {
  return WORDS[reason] ?? 'The server could not apply it. Tell the desk this code:';
}
