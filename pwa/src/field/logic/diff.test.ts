import { describe, expect, it } from 'vitest';
import { differingWords } from './diff';

const whole = (pieces: { text: string }[]) => pieces.map((one) => one.text).join('');
const marked = (pieces: { text: string; differs: boolean }[]) =>
  pieces.filter((one) => one.differs).map((one) => one.text.trim());

describe('differing words', () => {
  it('marks only what differs and loses no character', () => {
    const [a, b] = ['Two agents stood at the grey van.', 'Three agents stood at the white van, masked.'];
    const both = differingWords(a, b);
    expect(whole(both.left)).toBe(a);
    expect(whole(both.right)).toBe(b);
    expect(marked(both.left)).toEqual(['Two', 'grey van.']);
    expect(marked(both.right)).toEqual(['Three', 'white van, masked.']);
  });

  it('marks nothing in equal texts and all of a text beside an empty one', () => {
    expect(marked(differingWords('same words', 'same words').left)).toEqual([]);
    expect(marked(differingWords('', 'all new').right)).toEqual(['all new']);
  });

  it('shows very long texts unmarked', () => {
    const long = 'word '.repeat(4000);
    expect(differingWords(long, 'short').right).toEqual([{ text: 'short', differs: false }]);
  });
});
