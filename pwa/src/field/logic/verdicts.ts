/** Why the server keeps an op without applying it, in words for the person who made it. */
const WORDS: Record<string, string> = {
  bad_value: 'A value does not fit its field. Enter it again.',
  unknown_entity:
    'It belongs to an entry that the server does not know yet. It is run again when that arrives.',
  wrong_kind: 'This kind of change is not allowed there.',
  report_locked: 'The report was approved before this arrived. Add it as a supplement.',
  written_once: 'This is written once and cannot be changed.',
  incomplete: 'Something that submitting needs was missing. Complete it and submit again.',
  stale_view: 'The report changed before this arrived. Look at it again.',
  reason_missing: 'A reason was missing.',
  open_conflict: 'Two values stand beside each other. Choose one first.',
  not_approved: 'A supplement needs an approved report.',
  revoked_device: 'This phone’s enrolment was ended before this arrived. Tell your administrator.',
  gap: 'An earlier change of this phone is still missing. It is run again when that arrives.'
};

export function reasonWords(reason: string): string {
  return WORDS[reason] ?? 'The server could not apply it. Tell the desk this code:';
}
