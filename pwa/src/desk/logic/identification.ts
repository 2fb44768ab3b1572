/** The three identities of an agent and the ladder of identification attempts, as a reader follows them. */
import { current, entities, value } from '../../sync/overlay';
import type { FormDefinition, Snapshot } from '../../sync/types';
import { factSections, type Fact, type FactGroup } from './facts';
import { fieldOf, valueWords, type Naming } from './labels';

export type Identity = { id: string; title: string; facts: Fact[] };
export type Rung = {
  entity: string;
  at: string | null;
  asked: string;
  answered: string;
  words: string;
  verified: string;
  bwc: string;
  mistaken: boolean;
  mistakenWhy: string;
  other: Fact[];
};

/** As worn, as stated, as shown: never joined into one, because each is another kind of evidence. */
const KINDS = [
  { id: 'worn', title: 'As worn' },
  { id: 'stated', title: 'As stated' },
  { id: 'shown', title: 'As shown' }
];

function groupOf(
  form: FormDefinition,
  snapshot: Snapshot,
  entity: string,
  naming: Naming
): FactGroup | undefined {
  const section = factSections(form, snapshot, naming).find((one) => one.list === 'agents');
  return section?.groups.find((one) => one.entity === entity);
}

export function identities(form: FormDefinition, snapshot: Snapshot, entity: string, naming: Naming) {
  const facts = groupOf(form, snapshot, entity, naming)?.facts ?? [];
  const agency = facts.find((one) => one.field === 'agency');
  return {
    agency: agency?.words.join(' / ') ?? '',
    flagged: snapshot.entities[entity]?.flagged ?? false,
    kinds: KINDS.map<Identity>((kind) => ({
      ...kind,
      facts: facts
        .filter((one) => one.field.startsWith(`${kind.id}_`) && !one.empty)
        .map((one) => ({ ...one, label: shortLabel(one.label) }))
    }))
  };
}

/** The form says "As worn: code"; under the heading "As worn" the reader needs only "Code". */
function shortLabel(label: string): string {
  const tail = label.split(':').slice(1).join(':').trim() || label;
  return tail.charAt(0).toUpperCase() + tail.slice(1);
}

const SHOWN = new Set([
  'rung',
  'answered',
  'at',
  'words',
  'verified',
  'verified_words',
  'on_bwc',
  'mistaken',
  'mistaken_why'
]);

/** Attempts in the order of their own times; those without a time come last, in the order of their entry. */
export function ladder(form: FormDefinition, snapshot: Snapshot, agent: string, naming: Naming): Rung[] {
  const nested =
    groupOf(form, snapshot, agent, naming)?.nested.find((one) => one.groups.length > 0)?.groups ?? [];
  const rungs = entities(snapshot, 'attempts', agent).map((entity) => {
    // Two answers in conflict are both read; neither may pass as "no answer".
    const words = (id: string): string =>
      current(snapshot, entity, id)
        .map((one) => valueWords(fieldOf(form, 'attempts', id), one.value, naming))
        .join(' / ');
    const at = value(snapshot, entity, 'at');
    return {
      entity,
      at: typeof at === 'string' ? at : null,
      asked: words('rung') || 'Asked',
      answered: words('answered'),
      words: words('words'),
      verified: [words('verified'), words('verified_words')].filter(Boolean).join(': '),
      bwc: words('on_bwc'),
      mistaken: value(snapshot, entity, 'mistaken') === true,
      mistakenWhy: words('mistaken_why'),
      other: (nested.find((one) => one.entity === entity)?.facts ?? []).filter(
        (one) => !SHOWN.has(one.field) && !one.empty
      )
    };
  });
  const time = (rung: Rung): number => (rung.at ? Date.parse(rung.at) : Number.MAX_SAFE_INTEGER);
  return rungs
    .map((rung, order) => ({ rung, order }))
    .sort((a, b) => time(a.rung) - time(b.rung) || a.order - b.order)
    .map((one) => one.rung);
}
