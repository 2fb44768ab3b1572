/** Waiting between attempts: full jitter, so that a thousand phones do not come back in the same second. */

export const LONGEST = 5 * 60_000;
const FIRST = 2000;

/**
 * Milliseconds before attempt number `attempts` + 1; never sooner than the server asked for, in seconds, and a little
 * later by chance, because it asks everybody for the same.
 */
export function delay(attempts: number, retryAfter: number | null = null, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST, FIRST * 2 ** Math.min(attempts, 20));
  const asked = (retryAfter ?? 0) * 1000 * (1 + random() / 4);
  return Math.max(random() * ceiling, asked);
}

/** A pause around `middle` milliseconds, a quarter sooner or later. */
export function jittered(middle: number, random: () => number = Math.random): number {
  return middle * (0.75 + random() / 2);
}
