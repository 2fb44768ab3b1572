/** Typed text as it may be signed: half a character is no character, and no two programs write it alike. */

// With the flag `u` whole pairs are one character, so that only halves match.
const HALVES = /[\uD800-\uDFFF]/gu;

/** The same value with each half of a surrogate pair replaced by U+FFFD, in text wherever it stands. */
export function wellFormed<T>(value: T): T {
  return clean(value) as T;
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(HALVES, '\uFFFD');
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, clean(each)]));
}
