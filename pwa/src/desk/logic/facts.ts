/** The facts of a report, section by section as the form orders them, ready to be shown. */
import { fieldValue, visibleFields } from '../../sync/form';
import { REPORT, current, entities, heads, merged } from '../../sync/overlay';
import type { Field, FormDefinition, Section, Snapshot, Version } from '../../sync/types';
import { optionsOf, valueWords, type Naming } from './labels';

export type Fact = {
  entity: string;
  field: string;
  definition: Field;
  label: string;
  words: string[];
  heads: Version[];
  conflict: boolean;
  /** A text put together from two that nobody has confirmed yet: it stands in for the words, labelled. */
  merged: string | null;
  restricted: boolean;
  long: boolean;
  empty: boolean;
};

export type FactGroup = {
  entity: string;
  title: string;
  flagged: boolean;
  facts: Fact[];
  nested: { title: string; groups: FactGroup[] }[];
};

export type FactSection = { id: string; title: string; list: string | null; groups: FactGroup[] };

/** Sections that have a tab of their own are left out of Facts. */
const ELSEWHERE = new Set(['footage', 'photos']);

export function factSections(form: FormDefinition, snapshot: Snapshot, naming: Naming): FactSection[] {
  const top = form.sections.filter(
    (section) => !section.list || (!section.parent && !ELSEWHERE.has(section.list))
  );
  return top.map((section) => ({
    id: section.id,
    title: section.title,
    list: section.list ?? null,
    groups: section.list
      ? listGroups(form, section, snapshot, naming, null)
      : [group(form, section, REPORT, section.title, snapshot, naming)]
  }));
}

function listGroups(
  form: FormDefinition,
  section: Section,
  snapshot: Snapshot,
  naming: Naming,
  parent: string | null
): FactGroup[] {
  const mine = entities(snapshot, section.list!, section.parent ? parent : undefined);
  const item = section.item ?? section.title;
  return mine.map((entity, at) =>
    group(form, section, entity, mine.length > 1 ? `${item} ${at + 1}` : item, snapshot, naming)
  );
}

function group(
  form: FormDefinition,
  section: Section,
  entity: string,
  title: string,
  snapshot: Snapshot,
  naming: Naming
): FactGroup {
  const shown = visibleFields(section.fields, valuesOf(form, section, entity, snapshot));
  const nested = section.list ? form.sections.filter((one) => one.list && one.parent === section.list) : [];
  return {
    entity,
    title,
    flagged: snapshot.entities[entity]?.flagged ?? false,
    facts: withHidden(section.fields, shown, snapshot, entity).map((field) =>
      fact(field, entity, snapshot, naming)
    ),
    nested: nested.map((one) => ({ title: one.title, groups: listGroups(form, one, snapshot, naming, entity) }))
  };
}

/** A report's own fields may depend on each other across sections; an entity's only on its own. */
function valuesOf(
  form: FormDefinition,
  section: Section,
  entity: string,
  snapshot: Snapshot
): (id: string) => unknown {
  const fields = section.list
    ? section.fields
    : form.sections.filter((one) => !one.list).flatMap((one) => one.fields);
  return (id) => {
    const field = fields.find((one) => one.id === id);
    return field ? fieldValue(snapshot, entity, field) : undefined;
  };
}

/** A field whose condition no longer holds is still shown when somebody wrote something there: no word is lost. */
function withHidden(all: Field[], shown: Field[], snapshot: Snapshot, entity: string): Field[] {
  return all.filter((field) => shown.includes(field) || headsFor(field, entity, snapshot).length > 0);
}

function headsFor(field: Field, entity: string, snapshot: Snapshot): Version[] {
  if (field.merge !== 'set') return heads(snapshot, entity, field.id);
  const fields = snapshot.fields[entity] ?? {};
  return Object.keys(fields)
    .filter((key) => key.startsWith(`${field.id}/`))
    .flatMap((key) => current(snapshot, entity, key));
}

function fact(field: Field, entity: string, snapshot: Snapshot, naming: Naming): Fact {
  const isSet = field.merge === 'set';
  const versions = isSet ? headsFor(field, entity, snapshot) : current(snapshot, entity, field.id);
  const words = isSet
    ? setWords(field, entity, snapshot, naming)
    : versions.map((one) => valueWords(field, one.value, naming));
  const shown = words.filter((one) => one !== '');
  const text = merged(snapshot, entity, field.id)?.text ?? null;
  return {
    entity,
    field: field.id,
    definition: field,
    label: field.label,
    words: shown,
    heads: versions,
    conflict: !isSet && versions.length > 1 && text === null,
    merged: text,
    restricted: field.sensitivity === 'restricted',
    long: field.type === 'longtext',
    empty: shown.length === 0
  };
}

/** Members of a checklist that stand, in the order of its options; unknown ones are shown as they are. */
function setWords(field: Field, entity: string, snapshot: Snapshot, naming: Naming): string[] {
  const options = optionsOf(field, naming.catalog);
  const chosen = fieldValue(snapshot, entity, field) as string[];
  const known = options.filter((one) => chosen.includes(one.id)).map((one) => one.label);
  const unknown = chosen.filter((id) => !options.some((one) => one.id === id));
  return [...known, ...unknown.map((id) => id.replaceAll('_', ' '))];
}

export function filledOnly(sections: FactSection[]): FactSection[] {
  return sections
    .map((section) => ({
      ...section,
      groups: section.groups
        .map(filledGroup)
        .filter((one) => one.facts.length > 0 || one.nested.length > 0 || section.list)
    }))
    .filter((section) => section.groups.length > 0);
}

function filledGroup(of: FactGroup): FactGroup {
  return {
    ...of,
    facts: of.facts.filter((one) => !one.empty),
    nested: of.nested
      .map((one) => ({ ...one, groups: one.groups.map(filledGroup) }))
      .filter((one) => one.groups.length > 0)
  };
}

/** The facts of one entity list, also of those that have a tab of their own. */
export function listFacts(form: FormDefinition, list: string, snapshot: Snapshot, naming: Naming): FactGroup[] {
  const section = form.sections.find((one) => one.list === list);
  return section ? listGroups(form, section, snapshot, naming, null) : [];
}
