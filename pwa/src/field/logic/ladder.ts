/** The identification attempts of an agent, as a timeline and as one line. */
import { entities, value } from '../../sync/overlay';
import type { Catalog, Section, Snapshot } from '../../sync/types';
import { inWords, text } from './values';

export type Attempt = {
  id: string;
  at: string;
  rung: string;
  answered: string;
  words: string;
  verified: string;
  mistaken: boolean;
};

/** By the time of asking; attempts without a time stand where they were entered. */
export function attemptsOf(
  view: Snapshot,
  agent: string,
  ladder: Section,
  catalog: Catalog | null
): Attempt[] {
  const words = (entity: string, id: string): string => {
    const found = value(view, entity, id);
    const field = ladder.fields.find((one) => one.id === id);
    return found === undefined || found === null || found === '' ? '' : inWords(found, field, catalog);
  };
  const found = entities(view, 'attempts', agent).map((id) => ({
    id,
    at: text(value(view, id, 'at')),
    rung: words(id, 'rung'),
    answered: words(id, 'answered'),
    words: text(value(view, id, 'words')),
    verified: words(id, 'verified'),
    mistaken: value(view, id, 'mistaken') === true
  }));
  return found.sort((a, b) => (Date.parse(a.at) || 0) - (Date.parse(b.at) || 0));
}

/** "3 attempts · last: Badge → Refused" */
export function ladderLine(view: Snapshot, agent: string, ladder: Section, catalog: Catalog | null): string {
  const all = attemptsOf(view, agent, ladder, catalog).filter((one) => !one.mistaken);
  const last = all.at(-1);
  if (!last) return 'no identification attempt yet';
  const count = `${all.length} ${all.length === 1 ? 'attempt' : 'attempts'}`;
  return `${count} · last: ${last.rung || 'asked'} → ${last.answered || 'no answer yet'}`;
}
