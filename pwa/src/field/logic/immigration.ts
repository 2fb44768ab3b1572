/**
 * Words of immigration status, which a report must not carry (Chicago 2-173-030). A hit is a warning beside the text,
 * never a block: an officer may be quoting what an agent said, and the words as said must stay as they were said.
 */
const PATTERNS: RegExp[] = [
  /\bundocumented\b/giu,
  /\b(?:un)?documented (?:immigrants?|migrants?|aliens?|persons?|people|workers?)\b/giu,
  /\bwithout papers\b|\bno papers\b|\bsin papeles\b/giu,
  /\billegals?\s+(?:aliens?|immigrants?|migrants?|entry|entrants?)\b|\bis (?:an )?illegal\b|\billegals\b/giu,
  /\b(?:criminal |deportable |removable )?aliens?\b/giu,
  /\bvisas?\b(?! (?:card|debit|credit|payment))/giu,
  /\ba-(?:number|num|no|file)\b|\balien (?:registration )?number\b|\bA#?\s?\d{8,9}\b/giu,
  /\bimmigration (?:status|papers|documents?|record|history|hold)\b/giu,
  /\bgreen[- ]?cards?\b/giu,
  /\b(?:permanent|lawful|legal) residents?\b/giu,
  /\b(?:non-?)?citizens?(?:hip)?\b/giu,
  /\bnational(?:ity|ities)\b/giu,
  /\b(?:country|place) of (?:birth|origin)\b|\bbirthplace\b|\bborn in\b/giu,
  /\bforeign[- ](?:born|nationals?)\b/giu,
  /\bDACA\b|\bdreamers?\b|\bTPS\b/gu,
  /\basylum\b|\brefugees?\b/giu,
  /\bdeport(?:ed|ation|able)\b|\bremoval order\b/giu,
  /\bpassports?\b|\bmatr[ií]cula consular\b/giu
];

/** The words as they stand in the text, each once, in the order in which they appear. */
export function immigrationWords(text: unknown): string[] {
  if (typeof text !== 'string' || text === '') return [];
  const hits: { at: number; end: number; words: string }[] = [];
  for (const pattern of PATTERNS) {
    for (const match of text.matchAll(pattern)) {
      hits.push({ at: match.index, end: match.index + match[0].length, words: match[0] });
    }
  }
  hits.sort((a, b) => a.at - b.at || b.end - a.end);
  const kept: string[] = [];
  let covered = -1;
  for (const hit of hits) {
    if (hit.at < covered) continue;
    covered = hit.end;
    if (!kept.some((one) => one.toLowerCase() === hit.words.toLowerCase())) kept.push(hit.words);
  }
  return kept;
}
