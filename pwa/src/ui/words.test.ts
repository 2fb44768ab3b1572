import { describe, expect, it } from 'vitest';
import { compareWords } from './words';

const marked = (pieces: { text: string; differs: boolean }[]): string =>
  pieces.map((one) => (one.differs ? `[${one.text}]` : one.text)).join('');

describe('compareWords', () => {
  it('marks only the words that differ, on both sides', () => {
    const { left, right } = compareWords('Two agents in a grey van', 'Three agents in a white van');
    expect(marked(left)).toBe('[Two] agents in a [grey] van');
    expect(marked(right)).toBe('[Three] agents in a [white] van');
  });

  it('marks words that stand on one side only', () => {
    const { left, right } = compareWords('The agent answered.', 'The agent briefly answered.');
    expect(left.every((one) => !one.differs)).toBe(true);
    expect(marked(right)).toContain('[briefly');
  });

  it('joins neighbouring differing words into one mark', () => {
    const { right } = compareWords('It was dark.', 'It had been raining since noon.');
    expect(right.filter((one) => one.differs)).toHaveLength(1);
  });

  it('marks nothing in equal texts, and all of a text beside an empty one', () => {
    expect(marked(compareWords('same words', 'same words').left)).toBe('same words');
    expect(marked(compareWords('', 'all new').right)).toBe('[all new]');
  });

  it('loses no character of either text', () => {
    const a = 'Asked for “name”;  got none.\nLeft 21:14';
    const b = 'Asked for badge;\tgot none — left at 21:15';
    const { left, right } = compareWords(a, b);
    expect(left.map((one) => one.text).join('')).toBe(a);
    expect(right.map((one) => one.text).join('')).toBe(b);
  });

  it('stays quick on long texts by marking the middle as a whole', () => {
    const a = Array.from({ length: 4000 }, (_, n) => `a${n}`).join(' ');
    const b = Array.from({ length: 4000 }, (_, n) => `b${n}`).join(' ');
    const began = performance.now();
    expect(compareWords(a, b).left.some((one) => one.differs)).toBe(true);
    expect(performance.now() - began).toBeLessThan(500);
  });
});
