/**
 * When something was made, as far as it is known: by its device's clock, which anybody may set, and between two times
 * of the server, which nobody else can. The statement that an op names was read before it was made, and it was made
 * before it arrived.
 */
import { dateTime, dateTimeOffset, sameDate, timeOfDay } from './time';

export type Made = { wall: string; offset: number; not_before: string | null; received: string | null };

/** A clock that runs a little beside the server's is no news to a reader. */
const TOLERANCE_MS = 2 * 60_000;

/**
 * `made after 21:02 and before 21:40, by the server's clock`; where only one side is known, that side; without any, an
 * empty string. The day is said where it is not the day that the device's clock shows.
 */
export function bracketWords(made: Made): string {
  const after = made.not_before ? `after ${beside(made.not_before, made.wall)}` : '';
  const before = made.received ? `before ${beside(made.received, made.not_before ?? made.wall)}` : '';
  const both = [after, before].filter(Boolean).join(' and ');
  return both ? `made ${both}, by the server’s clock` : '';
}

/** `23 Nov 2026, 21:14 −06:00 by its own clock` */
export function deviceTime(made: Pick<Made, 'wall' | 'offset'>): string {
  return `${dateTimeOffset(made.wall, made.offset)} by its own clock`;
}

/** Whether the device's clock shows a time at which the thing cannot have been made. */
export function clockIsOff(made: Made): boolean {
  const wall = Date.parse(made.wall);
  const early = made.not_before !== null && wall < Date.parse(made.not_before) - TOLERANCE_MS;
  const late = made.received !== null && wall > Date.parse(made.received) + TOLERANCE_MS;
  return early || late;
}

/** The time alone beside a time of the same day. */
function beside(iso: string, other: string): string {
  return sameDate(iso, other) ? timeOfDay(iso) : dateTime(iso);
}
