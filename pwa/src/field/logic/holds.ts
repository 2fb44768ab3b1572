/** The state of a footage hold in words. "Sent" is never shown as "held". */
import type { ReportView } from '../../outbox';
import type { BadgeState } from '../../ui';
import { holdTrouble } from '../../ui/holdTrouble';
import { daysLeft } from '../../ui/time';
import { entities, heads, value } from '../../sync/overlay';
import type { HoldState } from '../../sync/types';
import { destroyOn } from './quick';
import { text } from './values';

export type Hold = {
  footage: string;
  badge: BadgeState;
  word: string;
  /** What happens next, in one sentence. */
  next: string;
  since: string | null;
  /** Whole days until the recording is destroyed; null when it is held, or nobody knows when it was made. */
  days: number | null;
  /** The day on which it would be destroyed without a hold. */
  destroyOn: string | null;
  reference: string | null;
};

type Shown = { badge: BadgeState; word: string; next: string };

const STATES: Record<HoldState, Shown> = {
  received: {
    badge: 'server',
    word: 'asked, on the server',
    next: 'It goes to the custodian of the footage next.'
  },
  submitted: {
    badge: 'server',
    word: 'sent to the custodian',
    next: 'The custodian has not confirmed it yet.'
  },
  acknowledged: {
    badge: 'server',
    word: 'confirmed, not held yet',
    next: 'The custodian has it and looks for the recording.'
  },
  matched: { badge: 'server', word: 'recording found', next: 'The hold on it is being confirmed.' },
  awaiting_upload: {
    badge: 'server',
    word: 'waits for the camera',
    next: 'The recording is not docked yet; it is looked for again.'
  },
  held: { badge: 'held', word: 'held', next: 'Read back from the custodian: the recording is kept.' },
  refused: {
    badge: 'due',
    word: 'refused by the custodian',
    next: 'The desk sees it too. Ask your supervisor to follow it up.'
  },
  failed: {
    badge: 'due',
    word: 'not delivered, tried again',
    next: 'The server tries again by itself; the desk sees it too.'
  }
};

/** Null where no hold was asked for: then the footage is only noted. */
export function holdOf(view: ReportView, footage: string, days: number, now: number): Hold | null {
  const status = view.holds.find((one) => one.footage === footage || one.hold === footage);
  const asked = heads(view.snapshot, footage, 'basis').filter((head) => head.value);
  if (!status && asked.length === 0) return null;
  const from = text(value(view.snapshot, footage, 'from'));
  const limit = status?.destroy_on ?? (from ? destroyOn(from, days) : null);
  const onServer = asked.some((head) => head.received);
  const shown: Shown = status
    ? STATES[status.state]
    : onServer
      ? STATES.received
      : {
          badge: 'phone',
          word: 'only on this phone',
          next: 'It is sent before everything else, as soon as there is a connection.'
        };
  return {
    footage,
    ...shown,
    ...(status?.error && shown.badge === 'due' ? { next: `${holdTrouble(status.error)} ${shown.next}` } : {}),
    since: status?.since ?? asked[0]?.wall ?? null,
    days: limit && shown.badge !== 'held' ? daysLeft(limit, now) : null,
    destroyOn: limit,
    reference: status?.reference ?? null
  };
}

const ORDER: BadgeState[] = ['due', 'phone', 'server', 'held'];

export function holdsOf(view: ReportView, days: number, now: number): Hold[] {
  return entities(view.snapshot, 'footage')
    .map((footage) => holdOf(view, footage, days, now))
    .filter((one) => one !== null);
}

/** What Home says of a report's holds: the least certain one, and the fewest days of those that still run. */
export function leastCertain(holds: Hold[]): Hold | null {
  const sorted = [...holds].sort((a, b) => ORDER.indexOf(a.badge) - ORDER.indexOf(b.badge));
  const first = sorted[0];
  if (!first) return null;
  const known = holds.map((one) => one.days).filter((one) => one !== null);
  return { ...first, days: known.length > 0 ? Math.min(...known) : null };
}

export function daysWords(days: number | null): string {
  if (days === null) return 'days unknown';
  if (days < 0) return 'past its day';
  return days === 1 ? '1 day left' : `${days} days left`;
}
