/**
 * When something was made, as far as it is known: by its device's clock, which anybody may set, and between two times
 * of the server, which nobody else can. The statement that an op names was read before it was made, and it was made
 * before it arrived.
 */
import { dateTime, dateTimeOffset, sameDate, timeOfDay } from './time';

export type Made = { wall: string; offset: number; not_before: string | null; received: string | null };

const MINUTE = 60_000;
/** A clock that runs a little beside the server's is no news to a reader. */
const TOLERANCE_MS = 5 * MINUTE;

/**
 * `made after 21:02 and before 21:40, by the server’s clock`; where only one side is known, that side: `arrived 21:40` or
 * `made after 21:02`; without any, an empty string. The day is said where it is not the day of the device's clock.
 */
export function bracketWords(made: Made): string {
  const moment = minuteOf(made);
  if (moment) return `made at ${moment}, by the server’s clock`;
  const { not_before, received, wall } = made;
  if (not_before === null) return received ? `arrived ${beside(received, wall)}, by the server’s clock` : '';
  const before = received ? ` and before ${beside(received, not_before)}` : '';
  return `made after ${beside(not_before, wall)}${before}, by the server’s clock`;
}

/** `23 Nov 2026, 21:14 −06:00 by own clock` */
export function deviceTime(made: Pick<Made, 'wall' | 'offset'>): string {
  return `${dateTimeOffset(made.wall, made.offset)} by own clock`;
}

/** Whether the device's clock shows a time at which the thing cannot have been made. */
export function clockIsOff(made: Made): boolean {
  return clockWords(made) !== '';
}

/** `its clock was at least 32 min behind the server's`; an empty string where it may have been right. */
export function clockWords({ wall, not_before, received }: Made): string {
  const behind = not_before === null ? 0 : Date.parse(not_before) - Date.parse(wall);
  const ahead = received === null ? 0 : Date.parse(wall) - Date.parse(received);
  if (behind > TOLERANCE_MS) return `its clock was at least ${span(behind)} behind the server’s`;
  return ahead > TOLERANCE_MS ? `its clock was at least ${span(ahead)} ahead of the server’s` : '';
}

/** Rounded down, because it is said as the least that it can be. */
function span(ms: number): string {
  const minutes = Math.floor(ms / MINUTE);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

/** Where both times of the server are written alike: that one time; else an empty string. */
function minuteOf({ not_before, received, wall }: Made): string {
  if (not_before === null || received === null || dateTime(not_before) !== dateTime(received)) return '';
  return beside(received, wall);
}

/** The time alone beside a time of the same day. */
function beside(iso: string, other: string): string {
  return sameDate(iso, other) ? timeOfDay(iso) : dateTime(iso);
}
