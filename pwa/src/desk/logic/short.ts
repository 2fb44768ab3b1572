/** Times in a dense row: the year only where it is not this one; the full date stands in the title. */
import { dateTime } from '../../ui/time';

export function shortTime(iso: string | null | undefined, now: number): string {
  const full = dateTime(iso);
  return full.replace(` ${new Date(now).getFullYear()},`, ',');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
