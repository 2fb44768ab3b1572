/** Times as people read them: `23 Nov 2026, 21:14`, in the time zone of this device unless an offset is asked for. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MINUTE = 60_000;
const DAY = 86_400_000;

const two = (n: number): string => String(n).padStart(2, '0');

function parse(iso: string | null | undefined): Date | null {
  if (!iso) return null;
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** `23 Nov 2026, 21:14`; an empty string where there is no time. */
export function dateTime(iso: string | null | undefined): string {
  const date = parse(iso);
  return date ? `${dateOf(date)}, ${two(date.getHours())}:${two(date.getMinutes())}` : '';
}

/** `23 Nov 2026, 21:14 −06:00`, as its author's clock showed it, for detail views. */
export function dateTimeOffset(iso: string | null | undefined, offsetMinutes?: number): string {
  const date = parse(iso);
  if (!date) return '';
  const offset = offsetMinutes ?? -date.getTimezoneOffset();
  const there = new Date(date.getTime() + (offset + date.getTimezoneOffset()) * MINUTE);
  const sign = offset < 0 ? '−' : '+';
  const size = Math.abs(offset);
  return `${dateTime(there.toISOString())} ${sign}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

export function date(iso: string | null | undefined): string {
  const found = parse(iso);
  return found ? dateOf(found) : '';
}

/** Whether two times lie on one day of this device's calendar. */
export function sameDate(one: string | Date, other: string | Date): boolean {
  return dateOf(new Date(one)) === dateOf(new Date(other));
}

/** `21:14` */
export function timeOfDay(iso: string | null | undefined): string {
  const found = parse(iso);
  return found ? `${two(found.getHours())}:${two(found.getMinutes())}` : '';
}

function dateOf(date: Date): string {
  return `${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}`;
}

/** `just now`, `5 min ago`, `2 h ago`, `3 days ago`; older than a week: the date and time. */
export function ago(iso: string | null | undefined, now: number = Date.now()): string {
  const found = parse(iso);
  if (!found) return '';
  const minutes = Math.floor((now - found.getTime()) / MINUTE);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  const days = Math.floor(minutes / (24 * 60));
  if (days <= 7) return days === 1 ? '1 day ago' : `${days} days ago`;
  return dateTime(iso);
}

/** Whole days until a date, rounded down, so that no day is promised that is not there; negative when past. */
export function daysLeft(iso: string | null | undefined, now: number = Date.now()): number | null {
  const found = parse(iso);
  return found ? Math.floor((found.getTime() - now) / DAY) : null;
}

export { isoWithOffset } from '../sync/wall';
