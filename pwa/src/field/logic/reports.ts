/** Which report a capture goes to, and how Home sorts what is on the phone. Pure: views and the time come as arguments. */
import type { ReportView } from '../../outbox';
import { current, standingApart, value } from '../../sync/overlay';
import { sameDate } from '../../ui/time';

export type Groups = {
  needs: ReportView[];
  drafts: ReportView[];
  sent: ReportView[];
  earlier: ReportView[];
};

export function isOpen(view: Pick<ReportView, 'snapshot'>): boolean {
  return view.snapshot.state === 'draft' || view.snapshot.state === 'returned';
}

/** The time in the first bytes of a UUIDv7; null for any other id. */
export function madeAt(id: string): Date | null {
  if (id[14] !== '7') return null;
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}

export function startedAt(view: ReportView): string {
  return madeAt(view.id)?.toISOString() ?? view.lastSaved;
}

/** When the report was last submitted, by the clock of the phone that did it. */
export function submittedAt(view: ReportView): string | null {
  const heads = current(view.snapshot, 'review', 'state');
  const last = heads.find((head) => head.value === 'submitted') ?? heads[0];
  return last?.wall ?? null;
}

const newestFirst = (a: ReportView, b: ReportView) => Date.parse(b.lastSaved) - Date.parse(a.lastSaved);

/** The open draft of today that was written to last; without one, null: the capture then opens a draft by itself. */
export function draftOfToday(views: ReportView[], author: string, now: Date): ReportView | null {
  const open = views.filter(
    (view) => isOpen(view) && view.snapshot.author === author && sameDate(view.lastSaved, now)
  );
  return open.sort(newestFirst)[0] ?? null;
}

export function grouped(views: ReportView[], now: Date): Groups {
  const groups: Groups = { needs: [], drafts: [], sent: [], earlier: [] };
  for (const view of [...views].sort(newestFirst)) {
    if (needsOfficer(view)) groups.needs.push(view);
    else if (view.snapshot.state === 'draft') groups.drafts.push(view);
    else if (sameDate(submittedAt(view) ?? view.lastSaved, now)) groups.sent.push(view);
    else groups.earlier.push(view);
  }
  return groups;
}

/** A report needs its officer when it came back, when values stand beside each other, or when a change was refused for good. */
export function needsOfficer(view: ReportView): boolean {
  const split = standingApart(view.snapshot).length > 0;
  return view.snapshot.state === 'returned' || split || view.state === 'needs_you';
}

export type Reason = { entity: string; field: string; text: string };

/** Why the desk sent the report back; empty unless it is returned now. */
export function returnReasons(view: ReportView): Reason[] {
  if (view.snapshot.state !== 'returned') return [];
  const reasons = value(view.snapshot, 'review', 'reasons');
  return Array.isArray(reasons) ? (reasons as Reason[]) : [];
}

export function returnNote(view: ReportView): string {
  if (view.snapshot.state !== 'returned') return '';
  const note = value(view.snapshot, 'review', 'note');
  return typeof note === 'string' ? note : '';
}

/** What is only on this phone first, then what needs the officer, then the rest; the newest first in each. */
export function waitingFirst(views: ReportView[]): ReportView[] {
  const rank = (view: ReportView) =>
    view.pending + view.pendingPhotos > 0 ? 0 : view.state === 'needs_you' ? 1 : 2;
  return [...views].sort((a, b) => rank(a) - rank(b) || newestFirst(a, b));
}
