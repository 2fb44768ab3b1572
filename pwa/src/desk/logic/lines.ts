/** One line for each change of an op, in the words of the form. */
import { ENTITY, REVIEW, REPORT } from '../../sync/overlay';
import type { Field, FormDefinition, Snapshot } from '../../sync/types';
import type { FieldChange, Step } from './changes';
import { fieldLabel, fieldOf, reviewLabel, sectionOfList, stateWords, valueWords, type Naming } from './labels';
import { entityName } from './names';
import type { Reason } from './review';
import { compareWords, type Piece } from '../../ui/words';

export type Line = {
  key: string;
  label: string;
  from: string;
  to: string;
  beside: string;
  restricted: boolean;
  compared: { left: Piece[]; right: Piece[] } | null;
};

/** The changes of one entity under its name; those of the report itself have none. */
export type LineGroup = { entity: string; name: string; note: 'added' | 'removed' | ''; lines: Line[] };

/** Longer texts are read better one below the other with the differing words marked. */
const LONG = 60;

export function changeGroups(
  step: Step,
  form: FormDefinition,
  snapshot: Snapshot,
  naming: Naming
): LineGroup[] {
  const groups = new Map<string, LineGroup>();
  for (const change of step.changes) {
    const group = groups.get(change.entity) ?? groupOf(change, form, snapshot);
    groups.set(change.entity, group);
    if (change.entity === REVIEW) group.lines.push(reviewLine(change, form, snapshot, naming));
    else if (change.field === ENTITY) group.note = change.to === null ? 'removed' : 'added';
    else group.lines.push(fieldLine(change, form, snapshot, naming));
  }
  return [...groups.values()];
}

function listOf(change: FieldChange, snapshot: Snapshot): string | null {
  return change.list ?? snapshot.entities[change.entity]?.list ?? null;
}

function groupOf(change: FieldChange, form: FormDefinition, snapshot: Snapshot): LineGroup {
  const own = change.entity === REPORT || change.entity === REVIEW;
  const item = sectionOfList(form, listOf(change, snapshot))?.item ?? 'Entry';
  return {
    entity: change.entity,
    name: own ? '' : entityName(form, snapshot, change.entity) || item,
    note: '',
    lines: []
  };
}

function fieldLine(change: FieldChange, form: FormDefinition, snapshot: Snapshot, naming: Naming): Line {
  const list = listOf(change, snapshot);
  const field = fieldOf(form, list, change.field);
  const words = (value: unknown): string => valueWords(field, value, naming) || 'nothing';
  const from = change.from.map(words).join(' / ');
  const to = words(change.to);
  const long = field?.type === 'longtext' && change.from.length === 1 && from.length + to.length > LONG;
  return {
    key: `${change.entity}/${change.field}`,
    label: fieldLabel(form, list, change.field, naming.catalog),
    from,
    to,
    beside: change.beside.map(words).join(' / '),
    restricted: isRestricted(field),
    compared: long ? compareWords(from, to) : null
  };
}

function isRestricted(field: Field | undefined): boolean {
  return field?.sensitivity === 'restricted';
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
