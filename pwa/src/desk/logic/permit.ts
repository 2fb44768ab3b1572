/** What the reviewer may decide about a report now, and the words for why not. The server judges by the same rules. */
import type { ReportState } from '../../sync/types';
import { plural } from './short';

export type Permit = {
  approve: string | null;
  return: string | null;
  resolve: string | null;
  /** Deciding about changes that are kept aside; what each of them allows is told beside it. */
  late: string | null;
};

export type Standing = {
  state: ReportState;
  author: string;
  user: string;
  conflicts: number;
  /** Texts put together from two that nobody has read and confirmed. */
  merged: number;
  /** Changes that arrived while the report was open and were not looked at yet. */
  unread: number;
  pending: number;
};

const STATE: Record<Exclude<ReportState, 'submitted'>, string> = {
  draft: 'Not submitted yet: the officer is still writing it.',
  returned: 'Returned: it can be decided on again once the officer has submitted it.',
  approved: 'Approved and locked. Only a supplement can be added.'
};

const OWN = 'You are the author of this report. Another reviewer decides on it.';

export function permit(of: Standing): Permit {
  const own = of.author === of.user ? OWN : null;
  const resolve = own ?? (of.state === 'approved' ? STATE.approved : null);
  const aside = { resolve, late: own };
  if (of.pending > 0) {
    const wait = 'Your last decision has not reached the server yet.';
    return { approve: wait, return: wait, ...aside };
  }
  if (of.state !== 'submitted') return { approve: STATE[of.state], return: STATE[of.state], ...aside };
  const approve = own ?? conflictWords(of.conflicts) ?? mergedWords(of.merged) ?? unreadWords(of.unread);
  return { approve, return: own, ...aside };
}

function conflictWords(count: number): string | null {
  return count > 0 ? `Resolve ${plural(count, 'open conflict')} first.` : null;
}

function mergedWords(count: number): string | null {
  return count > 0 ? `Read and confirm ${plural(count, 'merged text')} first.` : null;
}

function unreadWords(count: number): string | null {
  return count > 0
    ? `${plural(count, 'change')} arrived while you were reading. Look at what changed first.`
    : null;
}
