/**
 * Which sentences of a merged text came from whom. Sentences end where the server says that they end
 * (sync/text.py): at a line's end, or at a mark that space and a capital letter, a digit or a quotation mark follow.
 */

const END = /\n+|(?<=[.!?…])["'”’)\]]*[ \t]+(?=["'“‘([]?[A-ZÀ-ÖØ-Þ0-9])/g;
const ABBREVIATIONS = [
  '[A-Za-z]|St|Ave|Blvd|Rd|Dr|Pl|Ct|Pkwy|Hwy|No|Nos|Ofc|Off|Sgt|Det|Lt|Capt|Cmdr|Supv|Agt|Mr|Mrs|Ms|Jr|Sr|Dept|Dist',
  'Bldg|Apt|Fl|approx|ca|vs|etc|e\\.g|i\\.e|[ap]\\.m|U\\.S|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec'
];
const ABBREVIATION = new RegExp(`(?:^|[\\s("'“‘])(?:${ABBREVIATIONS.join('|')})\\.$`, 'i');

/** What an abbreviation can need of a sentence: more would be searched anew at each of its marks. */
const LONGEST = 12;

/** A text cut into sentences with the space that follows them; joined, they are the text again. */
export function sentences(text: string): string[] {
  const found: string[] = [];
  let begins = 0;
  for (const end of text.matchAll(END)) {
    if (!end[0].includes('\n') && ABBREVIATION.test(text.slice(Math.max(begins, end.index - LONGEST), end.index))) continue;
    found.push(text.slice(begins, end.index + end[0].length));
    begins = end.index + end[0].length;
  }
  if (begins < text.length) found.push(text.slice(begins));
  return found;
}

/**
 * Neighbouring sentences of one origin: 0 and 1 name the author of the first and the second text, null both. The space
 * between sentences of two origins is nobody's.
 */
export type Part = { text: string; from: 0 | 1 | null };

/** What a sentence says, whatever space follows it: a sentence added behind it is no change of it. */
const said = (sentence: string): string => sentence.trimEnd();

export function origins(merged: string, texts: readonly [string, string]): Part[] {
  const [one, other] = texts.map((text) => new Set(sentences(text).map(said)));
  const parts: Part[] = [];
  for (const text of sentences(merged)) {
    const from = one!.has(said(text)) === other!.has(said(text)) ? null : one!.has(said(text)) ? 0 : 1;
    const last = parts.at(-1);
    if (last && last.from === from) last.text += text;
    else parts.push({ text, from });
  }
  return parts.flatMap(({ text, from }) => {
    const core = text.trimEnd();
    if (from === null || core === text) return { text, from };
    return [
      { text: core, from },
      { text: text.slice(core.length), from: null }
    ];
  });
}

/** Sentences that one author took out or wrote in other words: they still stand in the other's text. */
export function takenOut(merged: string, texts: readonly [string, string]): { text: string; by: 0 | 1 }[] {
  const kept = new Set(sentences(merged).map(said));
  const gone = (text: string): string[] => sentences(text).map(said).filter((each) => each !== '' && !kept.has(each));
  const [one, other] = texts.map(gone);
  return [
    ...other!.map((text) => ({ text, by: 0 as const })),
    ...one!.map((text) => ({ text, by: 1 as const }))
  ];
}
