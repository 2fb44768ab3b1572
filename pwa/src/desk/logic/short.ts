/** Times in a dense row: the year only where it is not this one; the full date stands in the title. */
import { dateTime, sameDate, timeOfDay } from '../../ui/time';

export function shortTime(iso: string | null | undefined, now: number): string {
  const full = dateTime(iso);
  return full.replace(` ${new Date(now).getFullYear()},`, ',');
}

/** The time alone where it is of the same day as another one that stands beside it. */
export function timeBeside(iso: string | null | undefined, other: string | number | null | undefined): string {
  if (!iso || !other) return dateTime(iso);
  return sameDate(iso, new Date(other)) ? timeOfDay(iso) : dateTime(iso);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
