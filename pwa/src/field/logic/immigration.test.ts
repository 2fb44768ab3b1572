import { describe, expect, it } from 'vitest';
import { immigrationWords } from './immigration';

describe('words of immigration status', () => {
  it.each([
    ['He said she was undocumented.', ['undocumented']],
    ['Agent called him an "illegal alien" twice; illegal alien.', ['illegal alien']],
    ['Showed a visa and gave A-number A123456789', ['visa', 'A-number', 'A123456789']],
    ['asked about Immigration Status and nationality', ['Immigration Status', 'nationality']],
    ['Agent asked where she was born in loud voice; "born in?"', ['born in']],
    ['told her he had a green card', ['green card']]
  ])('finds them in %s', (text, words) => {
    expect(immigrationWords(text)).toEqual(words);
  });

  it.each([
    'W 26th St & Pulaski, two agents in vests',
    'illegally parked on a hydrant',
    'a number of people',
    '',
    null,
    12,
    'paid with a Visa card'
  ])('stays quiet about %s', (text) => {
    expect(immigrationWords(text)).toEqual([]);
  });
});
