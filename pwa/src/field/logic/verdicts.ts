/** Why the server keeps an op without applying it, and what happens next, for the person who made it. The codes are the server's. */
import type { Quarantined } from '../../sync/types';

/** itself: it is run again · desk: the desk may take it in · again: for its author to write again · update · admin. */
export type Next = 'itself' | 'desk' | 'again' | 'update' | 'admin';

const ALONE = 'It stays on this phone.';

const REASONS: Record<string, [why: string, next: Next]> = {
  bad_value: ['A value does not fit its field.', 'again'],
  unknown_entity: ['It belongs to an entry that has not arrived yet.', 'itself'],
  wrong_kind: ['This kind of change is not allowed there.', 'again'],
  report_locked: ['The report was approved before this arrived.', 'desk'],
  written_once: ['This is written once and cannot be changed.', 'again'],
  no_conflict: ['The field was not in conflict any more, or a further value had come.', 'again'],
  conflict_needs_reason: ['The field has two values; choosing one takes a reason.', 'again'],
  incomplete: ['Something that submitting needs was missing.', 'again'],
  stale_view: ['The report changed before this arrived.', 'again'],
  reason_missing: ['A reason was missing.', 'again'],
  open_conflict: ['Two values stand beside each other.', 'again'],
  unconfirmed_merge: ['A text was merged from two and nobody had confirmed it.', 'again'],
  not_kept_aside: ['What it settles is not kept aside, or not any more.', 'again'],
  not_verbatim: ['It did not carry the late words as they were written.', 'again'],
  not_approved: ['A supplement needs an approved report.', 'again'],
  not_allowed: ['Your account may not write this to this report.', 'desk'],
  own_report: ['The author of a report may not review it.', 'again'],
  revoked_device: ['This phone was revoked before this arrived.', 'admin'],
  unknown_device: ['This phone is not enrolled.', 'admin'],
  not_device_owner: ['This phone belongs to another account.', 'admin'],
  bad_signature: ['The signature of this phone does not fit.', 'admin'],
  waiting_for_base: ['An earlier change has not arrived yet.', 'itself'],
  waiting_for_report: ['The beginning of the report has not arrived yet.', 'itself'],
  unknown_form: ['The server does not know this version of the form yet.', 'itself'],
  rule_failed: ['The server’s rules failed on it.', 'itself'],
  newer_op_format: ['This app is newer than the server, which could not read it.', 'update'],
  unknown_kind: ['The server could not read it.', 'update'],
  field_twice: ['The server could not read it.', 'update'],
  malformed: ['The server could not read it.', 'update'],
  op_id_reused: ['The server has another change under the same number. Both are kept.', 'admin'],
  not_found: [`The server does not take this photo: the report is not yours there. ${ALONE}`, 'admin'],
  forbidden: [`The server does not take this photo from your account. ${ALONE}`, 'admin'],
  too_large: [`It is larger than the server takes. ${ALONE}`, 'admin'],
  photo_type: [`The server does not take this kind of picture. ${ALONE}`, 'admin'],
  photo_differs: ['The server has another picture under the same number. This one stays on this phone.', 'admin'],
  photo_gone: ['This phone no longer has the picture. Take it again.', 'again'],
  bad_metadata: [`The server could not read what the picture was announced with. ${ALONE}`, 'admin'],
  hold_needs_one_footage: ['A hold is about one camera.', 'again'],
  hold_names_other_camera: ['The hold names another camera than before.', 'again'],
  hold_of_other_report: ['The footage is held for another report.', 'again']
};

/** Of somebody else's change: what else would speak of the reader's own phone or account. */
const OTHERS: Record<string, string> = {
  not_allowed: 'Its author may not write this to this report.',
  revoked_device: 'Its device was revoked before this arrived.',
  unknown_device: 'Its device is not enrolled.',
  not_device_owner: 'Its device belongs to another account.',
  bad_signature: 'The signature does not fit its device.',
  newer_op_format: 'Its app is newer than the server, which could not read it.'
};

export type Reason = { why: string; next: Next };

/** The code itself is of use only where no words are known for it. */
export function reasonOf(code: string, own = true): Reason {
  const [why, next] = REASONS[code] ?? [`The server could not apply it (${code}).`, 'desk'];
  return { why: (own ? undefined : OTHERS[code]) ?? why, next };
}

/** What happens next with a change that is kept, in words for a reader. */
export function nextWords({ reason, kind }: Pick<Quarantined, 'reason' | 'kind'>, own: boolean): string {
  const { next } = reasonOf(reason);
  if (next === 'itself') return 'Nothing to do: it is run again by itself.';
  if (next === 'update') return 'Update needed: it is kept. The app or the server must be updated first.';
  if (next === 'admin') return own ? 'It is kept. Tell your administrator.' : 'It is kept. Its author can tell why.';
  if (next === 'desk') return 'It is kept. The desk decides whether it is taken in.';
  if (kind === 'submit') return 'Complete the report, then submit again.';
  return own
    ? 'It is kept. Write it again, or say that nothing more is needed.'
    : 'It is kept. Its author can write it again; the desk sees it.';
}
