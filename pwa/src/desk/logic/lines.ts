/** One line for each change of an op, in the words of the form. */
import { ENTITY, REVIEW, REPORT } from '../../sync/overlay';
import type { Field, FormDefinition, Snapshot } from '../../sync/types';
import type { FieldChange, Step } from './changes';
import { fieldLabel, fieldOf, reviewLabel, sectionOfList, stateWords, valueWords, type Naming } from './labels';
import { entityName } from './names';
import type { Reason } from './review';
import { compareWords, type Piece } from './words';

export type Line = {
  key: string;
  label: string;
  from: string;
  to: string;
  beside: string;
  restricted: boolean;
  compared: { left: Piece[]; right: Piece[] } | null;
};

/** Longer texts are read better one below the other with the differing words marked. */
const LONG = 60;

export function changeLines(step: Step, form: FormDefinition, snapshot: Snapshot, naming: Naming): Line[] {
  return step.changes.map((change) => {
    if (change.entity === REVIEW) return reviewLine(change, form, snapshot, naming);
    if (change.field === ENTITY) return entityLine(change, form, snapshot);
    return fieldLine(change, form, snapshot, naming);
  });
}

function fieldLine(change: FieldChange, form: FormDefinition, snapshot: Snapshot, naming: Naming): Line {
  const list = change.list ?? snapshot.entities[change.entity]?.list ?? null;
  const field = fieldOf(form, list, change.field);
  const words = (value: unknown): string => valueWords(field, value, naming) || 'nothing';
  const from = change.from.map(words).join(' / ');
  const to = words(change.to);
  const long = field?.type === 'longtext' && change.from.length === 1 && from.length + to.length > LONG;
  return {
    key: `${change.entity}/${change.field}`,
    label: [ownerName(change, list, form, snapshot), fieldLabel(form, list, change.field, naming.catalog)]
      .filter(Boolean)
      .join(' · '),
    from,
    to,
    beside: change.beside.map(words).join(' / '),
    restricted: isRestricted(field),
    compared: long ? compareWords(from, to) : null
  };
}

function ownerName(change: FieldChange, list: string | null, form: FormDefinition, snapshot: Snapshot): string {
  if (change.entity === REPORT) return '';
  return entityName(form, snapshot, change.entity) || (sectionOfList(form, list)?.item ?? '');
}

function isRestricted(field: Field | undefined): boolean {
  return field?.sensitivity === 'restricted';
}

function entityLine(change: FieldChange, form: FormDefinition, snapshot: Snapshot): Line {
  const list = change.list ?? snapshot.entities[change.entity]?.list ?? null;
  const name = entityName(form, snapshot, change.entity) || (sectionOfList(form, list)?.item ?? 'Entry');
  return plainLine(`${change.entity}/${change.field}`, name, change.to === null ? 'removed' : 'added');
}

function plainLine(key: string, label: string, to: string, from = ''): Line {
  return { key, label, from, to, beside: '', restricted: false, compared: null };
}

function reviewLine(change: FieldChange, form: FormDefinition, snapshot: Snapshot, naming: Naming): Line {
  const key = `${change.entity}/${change.field}`;
  const label = reviewLabel(change.field);
  if (change.field === 'state')
    return plainLine(key, label, stateWords(change.to), change.from.map(stateWords).join(' / '));
  if (change.field === 'reasons' && Array.isArray(change.to)) {
    const words = (change.to as Reason[]).map((one) => reasonLine(one, form, snapshot, naming));
    return plainLine(key, label, words.join('\n'));
  }
  if (change.field === 'seen') return plainLine(key, label, `${String(change.to)} changes of the report`);
  return plainLine(key, label, String(change.to ?? ''));
}

export function reasonLine(reason: Reason, form: FormDefinition, snapshot: Snapshot, naming: Naming): string {
  const list = snapshot.entities[reason.entity]?.list ?? null;
  const owner = reason.entity === REPORT ? '' : entityName(form, snapshot, reason.entity);
  const label = fieldLabel(form, reason.entity === REPORT ? null : list, reason.field, naming.catalog);
  return `${[owner, label].filter(Boolean).join(' · ')}: ${reason.text}`;
}
