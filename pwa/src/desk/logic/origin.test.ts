import { describe, expect, it } from 'vitest';
import { origins, sentences, takenOut } from './origin';

describe('sentences', () => {
  it('end where the server says that they end', () => {
    expect(sentences('He left. She stayed.\nThen rain')).toEqual(['He left. ', 'She stayed.\n', 'Then rain']);
    expect(sentences('At W. 26th St. Two agents.')).toEqual(['At W. 26th St. Two agents.']);
    expect(sentences('At W. 26th St. and Wood. Rain.')).toEqual(['At W. 26th St. and Wood. ', 'Rain.']);
    expect(sentences('He said “Never.” Then he left.')).toEqual(['He said “Never.” ', 'Then he left.']);
    expect(sentences('')).toEqual([]);
  });

  it('lose no character', () => {
    const text = 'One.  Two!\n\n“Three?” 4 p.m. today. Ofc. Ruiz…  End';
    expect(sentences(text).join('')).toBe(text);
  });
});

describe('the origin of merged sentences', () => {
  const before = 'Two agents stood there. They left. It rained.';
  const one = 'Three agents stood there. They left. It rained.';
  const other = 'Two agents stood there. They left. It rained. One came back.';
  const merged = 'Three agents stood there. They left. It rained. One came back.';

  it('marks what each author wrote, and nothing that both texts say', () => {
    expect(origins(merged, [one, other])).toEqual([
      { text: 'Three agents stood there.', from: 0 },
      { text: ' ', from: null },
      { text: 'They left. It rained. ', from: null },
      { text: 'One came back.', from: 1 }
    ]);
    expect(origins(before, [before, before])).toEqual([{ text: before, from: null }]);
  });

  it('tells what somebody took out or wrote otherwise', () => {
    expect(takenOut(merged, [one, other])).toEqual([{ text: 'Two agents stood there.', by: 0 }]);
    expect(takenOut('They left. It rained.', ['They left. It rained.', before])).toEqual([
      { text: 'Two agents stood there.', by: 0 }
    ]);
    expect(takenOut(before, [before, before])).toEqual([]);
  });
});
