import { describe, expect, it } from 'vitest';
import { noteValues } from '../field/logic/quick';
import { wellFormed } from './wellFormed';

describe('well-formed text', () => {
  it('leaves whole text as it is, with every sign outside the first plane', () => {
    for (const text of ['', 'W 26th St', 'żółć', '👮🏽‍♀️ said “no”', '𝒜']) expect(wellFormed(text)).toBe(text);
  });

  it('replaces halves of a pair, wherever they stand', () => {
    expect(wellFormed('a\uD83D')).toBe('a\uFFFD');
    expect(wellFormed('\uDC6Eb')).toBe('\uFFFDb');
    expect(wellFormed('\uD83D\uD83D\uDC6E')).toBe('\uFFFD👮');
    expect(wellFormed('\uDC6E\uD83D')).toBe('\uFFFD\uFFFD');
    expect(wellFormed('👮'.slice(0, 1))).toBe('\uFFFD');
  });

  it('reaches into lists and objects, and leaves other values alone', () => {
    expect(wellFormed({ text: '\uD83D', list: ['\uDC6E', 7, null, true] })).toEqual({
      text: '\uFFFD',
      list: ['\uFFFD', 7, null, true]
    });
    expect(wellFormed(undefined)).toBeUndefined();
  });

  it('is what a note is saved as', () => {
    expect(noteValues('cut \uD83D', new Date(0)).text).toBe('cut \uFFFD');
  });
});
