/** What the reviewer may decide about a report now, and the words for why not. The server judges by the same rules. */
import type { ReportState } from '../../sync/types';
import { plural } from './short';

export type Permit = { approve: string | null; return: string | null; resolve: string | null };

export type Standing = {
  state: ReportState;
  author: string;
  user: string;
  conflicts: number;
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
  const resolve = of.state === 'approved' ? STATE.approved : null;
  if (of.pending > 0) {
    const wait = 'Your last decision has not reached the server yet.';
    return { approve: wait, return: wait, resolve };
  }
  if (of.state !== 'submitted') return { approve: STATE[of.state], return: STATE[of.state], resolve };
  return { approve: own ?? conflictWords(of.conflicts) ?? unreadWords(of.unread), return: own, resolve };
}

function conflictWords(count: number): string | null {
  return count > 0 ? `Resolve ${plural(count, 'open conflict')} first.` : null;
}

function unreadWords(count: number): string | null {
  return count > 0
    ? `${plural(count, 'change')} arrived while you were reading. Look at what changed first.`
    : null;
}
