/** This device's clock, as the form's `datetime` values carry it. */

/** ISO 8601 with the offset from UTC: `2026-11-23T21:14:05-06:00`. */
export function isoWithOffset(when: Date = new Date(), offset: number = -when.getTimezoneOffset()): string {
  const local = new Date(when.getTime() + offset * 60_000).toISOString().slice(0, 19);
  const size = Math.abs(offset);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
