/** Words for what a report's fields hold: labels from the form definition, values in the reader's language. */
import type { Catalog, Field, FormDefinition, Option, Person, Section } from '../../sync/types';
import { fieldOf as definitionOf } from '../../sync/form';
import { dateTime } from '../../ui/time';

/** Form sections, read once into the two shapes a screen needs: plain sections and lists of entities. */
export function sectionOfList(form: FormDefinition | null, list: string | null): Section | undefined {
  return form?.sections.find((section) => section.list === list && list !== null);
}

export function formOf(catalog: Catalog | null, of: { id: string; version: number }): FormDefinition | null {
  const forms = catalog?.forms ?? [];
  return (
    forms.find((form) => form.id === of.id && form.version === of.version) ??
    forms.find((form) => form.id === of.id) ??
    null
  );
}

export function fieldOf(form: FormDefinition | null, list: string | null, field: string): Field | undefined {
  return form ? definitionOf(form, list, field.split('/')[0]!) : undefined;
}

/** The options of a field: its own, or a policy list of the catalog, which departments edit. */
export function optionsOf(field: Field | undefined, catalog: Catalog | null): Option[] {
  if (!field) return [];
  if (field.options) return field.options;
  const from = field.options_from;
  if (!from || !catalog) return [];
  const lists = catalog['options'] as Record<string, Option[]> | undefined;
  return lists?.[from] ?? [];
}

function plain(id: string): string {
  const words = id.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function isEntity(value: unknown): value is { list: string } {
  return typeof value === 'object' && value !== null && 'list' in value;
}

/** Label of a field, with the element's name for one element of a checklist ("Observed: Face covered"). */
export function fieldLabel(
  form: FormDefinition | null,
  list: string | null,
  field: string,
  catalog: Catalog | null
): string {
  if (field === '@entity') return sectionOfList(form, list)?.item ?? plain(list ?? 'entry');
  const found = fieldOf(form, list, field);
  const label = found?.label ?? plain(field.split('/')[0]!);
  const element = field.split('/')[1];
  if (!element) return label;
  return `${label}: ${optionsOf(found, catalog).find((one) => one.id === element)?.label ?? plain(element)}`;
}

export type Naming = {
  catalog: Catalog | null;
  people: Record<string, Person>;
  photoName?: (photo: string) => string;
};

/** A value in words; an empty string where nothing was given. Unknown shapes are shown as they are, never hidden. */
export function valueWords(field: Field | undefined, value: unknown, naming: Naming): string {
  if (value === null || value === undefined || value === '') return '';
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  if (field?.type === 'datetime' && typeof value === 'string') return dateTime(value);
  if (field?.type === 'photo' && typeof value === 'string') return naming.photoName?.(value) ?? 'Photo';
  if (Array.isArray(value))
    return value
      .map((one) => valueWords(field, one, naming))
      .filter(Boolean)
      .join(', ');
  if (isEntity(value)) return 'Added';
  if (typeof value === 'object') return objectWords(value as Record<string, unknown>);
  const words =
    optionsOf(field, naming.catalog).find((one) => one.id === String(value))?.label ?? String(value);
  return field?.unit ? `${words} ${field.unit}` : words;
}

function objectWords(value: Record<string, unknown>): string {
  const { at, text, ...rest } = value;
  const extra = Object.entries(rest).map(
    ([key, one]) => `${plain(key)}: ${typeof one === 'object' ? JSON.stringify(one) : String(one)}`
  );
  return [typeof at === 'string' ? dateTime(at) : '', typeof text === 'string' ? text : '', ...extra]
    .filter(Boolean)
    .join(' · ');
}

const REVIEW: Record<string, string> = {
  state: 'State',
  reasons: 'Reasons',
  note: 'Note',
  seen: 'Changes read',
  late: 'Late change'
};

export function reviewLabel(field: string): string {
  const name = field.split('/')[0]!;
  return REVIEW[name] ?? plain(name);
}

const ENDINGS: Record<string, string> = {
  correction: 'Taken in as a correction',
  supplement: 'Added as a supplement',
  dismissed: 'Nothing more needed'
};

/** What became of a change that was kept aside. */
export function endingWords(ending: unknown): string {
  return ENDINGS[String(ending)] ?? String(ending ?? '');
}

const STATES: Record<string, string> = {
  draft: 'Draft',
  submitted: 'Submitted',
  returned: 'Returned',
  approved: 'Approved'
};

export function stateWords(state: unknown): string {
  return STATES[String(state)] ?? String(state ?? '');
}

export function personWords(id: string | null, people: Naming['people']): string {
  const found = people[id ?? ''];
  if (!found) return 'unknown account';
  return found.star ? `${found.name}, star ${found.star}` : found.name;
}

/** `star 12345`, or the name of somebody without a star: beside a name that is written out, or in a line of its own. */
export function shortPerson(id: string | null, people: Naming['people']): string {
  const found = people[id ?? ''];
  if (!found) return 'unknown account';
  return found.star ? `star ${found.star}` : found.name;
}
