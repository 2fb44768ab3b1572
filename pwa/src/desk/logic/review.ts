/** What the review of a report says: the reasons of its last return, and whether they still stand. */
import { REVIEW, current, value } from '../../sync/overlay';
import type { Snapshot } from '../../sync/types';

export type Reason = { entity: string; field: string; text: string };

/** The reasons of the last return, whatever came after: a reviewer reads the correction against them. */
export function lastReasons(snapshot: Snapshot): Reason[] {
  const found = current(snapshot, REVIEW, 'reasons').at(-1)?.value;
  return Array.isArray(found) ? (found as Reason[]) : [];
}

export function returnNote(snapshot: Snapshot): string {
  const found = value(snapshot, REVIEW, 'note');
  return typeof found === 'string' ? found : '';
}
