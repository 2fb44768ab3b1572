/** A save that did not happen. It always reaches the person: what is not on the disk is not saved. */

export type SaveCode =
  | 'no_user'
  | 'no_device'
  | 'device_revoked'
  | 'unknown_report'
  | 'incomplete'
  | 'reason_missing'
  | 'changed_meanwhile'
  | 'not_whole'
  | 'storage_full'
  | 'storage_failed'
  | 'not_kept';

const DETAIL: Record<SaveCode, string> = {
  no_user: 'Sign in before you write.',
  no_device: 'This device is not enrolled yet. Connect to the network and sign in once.',
  device_revoked:
    'NOT SAVED: this device was revoked. If that was a mistake, sign out and sign in again: it is then enrolled anew.',
  unknown_report: 'This report is not on this device.',
  incomplete: 'Something that is needed to submit is missing.',
  reason_missing: 'Give a reason.',
  changed_meanwhile: 'NOT SAVED: this changed while you read it. Read it again.',
  not_whole: 'NOT SAVED: not all of its words are here. Show them first, then take them in.',
  storage_full: 'NOT SAVED: this device has no room left. Free some space, then save again.',
  storage_failed: 'NOT SAVED: this browser could not write to its storage. Copy your words before you close this page.',
  not_kept: 'NOT SAVED: this browser did not keep what was written. Copy your words before you close this page.'
};

export class SaveFailed extends Error {
  readonly detail: string;

  constructor(
    readonly code: SaveCode,
    options?: ErrorOptions
  ) {
    super(`${code}: ${DETAIL[code]}`, options);
    this.name = 'SaveFailed';
    this.detail = DETAIL[code];
  }
}

/** Tell why a write failed; failures that are told already pass through. */
export function saveFailure(failed: unknown): SaveFailed {
  if (failed instanceof SaveFailed) return failed;
  return new SaveFailed(isFull(failed) ? 'storage_full' : 'storage_failed', { cause: failed });
}

function isFull(failed: unknown): boolean {
  if (!(failed instanceof Error)) return false;
  const { inner } = failed as { inner?: unknown };
  return failed.name === 'QuotaExceededError' || (inner !== failed && isFull(inner));
}
