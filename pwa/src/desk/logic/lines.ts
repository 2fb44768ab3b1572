/** One line for each change of an op, in the words of the form. */
import { ENTITY, REVIEW, REPORT, same } from '../../sync/overlay';
import type { Field, FormDefinition, Snapshot } from '../../sync/types';
import { keptField } from '../../sync/late';
import type { FieldChange, Step, Written } from './changes';
import {
  endingWords,
  fieldLabel,
  fieldOf,
  reviewLabel,
  sectionOfList,
  shortPerson,
  stateWords,
  valueWords,
  type Naming
} from './labels';
import { entityName } from './names';
import type { Reason } from './review';
import { timeBeside } from './short';
import { compareWords, type Piece } from '../../ui/words';

/** A value in words, and who wrote it when: `star 12345, 21:01`. */
export type Said = { words: string; who: string };

export type Line = {
  key: string;
  label: string;
  from: Said[];
  to: string;
  beside: Said[];
  /** What its author had seen, where that is not what stood there; null where it goes without saying. */
  seen: Said[] | null;
  /** What a resolution took out of view. */
  notKept: Said[];
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
    else group.lines.push(fieldLine(step, change, form, snapshot, naming));
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

function fieldLine(
  step: Step,
  change: FieldChange,
  form: FormDefinition,
  snapshot: Snapshot,
  naming: Naming
): Line {
  const list = listOf(change, snapshot);
  const field = fieldOf(form, list, change.field);
  const words = (value: unknown): string => valueWords(field, value, naming) || 'nothing';
  const said = (one: Written): Said => ({
    words: words(one.value),
    who: `${shortPerson(one.actor, naming.people)}, ${timeBeside(one.wall, step.wall)}`
  });
  const to = words(change.to);
  const settles = step.kind === 'resolve';
  const [only] = change.from;
  const long = field?.type === 'longtext' && change.from.length === 1 && words(only!.value).length + to.length > LONG;
  return {
    key: `${change.entity}/${change.field}`,
    label: fieldLabel(form, list, change.field, naming.catalog),
    from: settles ? [] : change.from.map(said),
    to,
    beside: change.beside.map(said),
    seen: change.beside.length > 0 || wasOutdated(change) ? change.seen.map(said) : null,
    notKept: settles ? change.from.filter((one) => !same(one.value, change.to)).map(said) : [],
    restricted: isRestricted(field),
    compared: long && !settles ? compareWords(words(only!.value), to) : null
  };
}

/** Whether its author had seen versions that did not stand there any more. */
function wasOutdated(change: FieldChange): boolean {
  return change.seen.some((one) => !change.from.some((other) => same(other.value, one.value)));
}

function isRestricted(field: Field | undefined): boolean {
  return field?.sensitivity === 'restricted';
}

function plainLine(key: string, label: string, to: string, from = ''): Line {
  const before = from ? [{ words: from, who: '' }] : [];
  return { key, label, from: before, to, beside: [], seen: null, notKept: [], restricted: false, compared: null };
}

function reviewLine(change: FieldChange, form: FormDefinition, snapshot: Snapshot, naming: Naming): Line {
  const key = `${change.entity}/${change.field}`;
  const label = reviewLabel(change.field);
  if (change.field === 'state')
    return plainLine(key, label, stateWords(change.to), change.from.map((one) => stateWords(one.value)).join(' / '));
  if (change.field.startsWith(keptField(''))) return plainLine(key, label, endingWords(change.to));
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
