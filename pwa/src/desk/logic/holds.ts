/** What a footage hold's state means to a reader, and how soon somebody must act on it. */
import type { HoldStatus } from '../../sync/types';
import { holdTrouble } from '../../ui/holdTrouble';

export type Tone = 'phone' | 'server' | 'desk' | 'needs' | 'draft';
export type HoldWords = { word: string; tone: Tone; says: string };

const DAY = 86_400_000;
/** Day 60 of 90 escalates, day 80 alarms (counted from the recording). */
export const DUE_DAYS = 30;
export const ALARM_DAYS = 10;

/** "Submitted" says that the custodian has it, and no more: only a read-back is "held". */
const WORDS: Record<string, HoldWords> = {
  received: { word: 'Received', tone: 'server', says: 'On the server. Not yet passed to the custodian.' },
  submitted: { word: 'Sent, not confirmed', tone: 'server', says: 'Passed to the custodian. No answer yet.' },
  acknowledged: {
    word: 'Acknowledged',
    tone: 'server',
    says: 'The custodian has taken the request, and has not confirmed yet that the recording is kept.'
  },
  matched: {
    word: 'Matched',
    tone: 'server',
    says: 'The custodian has found the recording, and has not confirmed yet that it is kept.'
  },
  awaiting_upload: {
    word: 'Awaiting upload',
    tone: 'phone',
    says: 'The camera has not been docked yet. The custodian looks again until the recording is there.'
  },
  held: { word: 'Held', tone: 'desk', says: 'Read back from the custodian: the recording is kept.' },
  refused: {
    word: 'Refused',
    tone: 'needs',
    says: 'The custodian declined. A person must decide what follows.'
  },
  failed: {
    word: 'Failing, trying again',
    tone: 'needs',
    says: 'The request could not be delivered yet. It is tried again by itself.'
  }
};

export function holdWords(state: string): HoldWords {
  return WORDS[state] ?? { word: state.replaceAll('_', ' '), tone: 'server', says: '' };
}

export const HOLD_STATES = Object.keys(WORDS);

/** Whole days until the recording may be destroyed; null when the start of the recording is not known. */
export function daysUntil(iso: string | null | undefined, now: number): number | null {
  if (!iso) return null;
  const at = Date.parse(iso);
  return Number.isNaN(at) ? null : Math.floor((at - now) / DAY);
}

export type Urgency = 'settled' | 'waiting' | 'due' | 'alarm';

export function holdUrgency(hold: Pick<HoldStatus, 'state' | 'destroy_on'>, now: number): Urgency {
  if (hold.state === 'held') return 'settled';
  const days = daysUntil(hold.destroy_on, now);
  if (days !== null && days < ALARM_DAYS) return 'alarm';
  if (hold.state === 'refused' || hold.state === 'failed') return 'due';
  return days !== null && days < DUE_DAYS ? 'due' : 'waiting';
}

export function isDue(hold: Pick<HoldStatus, 'state' | 'destroy_on'>, now: number): boolean {
  const urgency = holdUrgency(hold, now);
  return urgency === 'due' || urgency === 'alarm';
}

const ORDER: Urgency[] = ['alarm', 'due', 'waiting', 'settled'];

/** Most urgent first; among equals the recording that may be destroyed first. */
export function byUrgency<T extends Pick<HoldStatus, 'state' | 'destroy_on'>>(holds: T[], now: number): T[] {
  const last = Number.MAX_SAFE_INTEGER;
  const until = (hold: T): number => (hold.destroy_on ? Date.parse(hold.destroy_on) : last);
  return [...holds].sort(
    (a, b) => ORDER.indexOf(holdUrgency(a, now)) - ORDER.indexOf(holdUrgency(b, now)) || until(a) - until(b)
  );
}

export function daysWords(days: number | null): string {
  if (days === null) return 'recording time not given';
  if (days < 0) return 'past its retention date';
  if (days === 0) return 'last day';
  return days === 1 ? '1 day left' : `${days} days left`;
}

/** What is true of a hold and what happens next, with the custodian's own words where it gave any. */
export function holdSays(hold: Pick<HoldStatus, 'state' | 'error'> & { words?: string | null }): string {
  const error = hold.error ? holdTrouble(hold.error) : '';
  const quoted = hold.words ? `The custodian says: “${hold.words}”` : '';
  return [holdWords(hold.state).says, error, quoted].filter(Boolean).join(' ');
}
