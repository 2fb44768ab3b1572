/** Values of a report in words: the title of a report, the line of an entity, an answer beside its question. */
import { dateTime } from '../../ui/time';
import { links } from './place';
import { fieldOf, fieldValue } from '../../sync/form';
import { current, entities, value } from '../../sync/overlay';
import type { Catalog, Field, FormDefinition, Section, Snapshot } from '../../sync/types';

export type Option = { id: string; label: string; group?: string; hint?: string };

/** The three fields that one reading of the phone's position fills. */
export const POSITION_FIELDS = ['lat', 'lon', 'accuracy_m'];

/** Limits of a field that the definition may give beside what the wire type names. */
export type ShownField = Field & {
  max_length?: number;
  min?: number;
  max?: number;
  pattern?: string;
  pattern_hint?: string;
};

/** The options that hold every word, wherever it stands: label, statute, code or group. */
export function matching(options: Option[], words: string): Option[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return options.filter((one) => {
    const hay = `${one.label} ${one.hint ?? ''} ${one.group ?? ''}`.toLowerCase();
    return wanted.every((word) => hay.includes(word));
  });
}

/** A false is an answer; an empty string, an empty list and nothing at all are not. */
export function filled(one: unknown): boolean {
  return one !== undefined && one !== null && one !== '' && !(Array.isArray(one) && one.length === 0);
}

export function text(one: unknown): string {
  return typeof one === 'string' ? one : one === undefined || one === null ? '' : String(one);
}

type Loose = Record<string, unknown>;

function asOptions(list: unknown): Option[] {
  if (!Array.isArray(list)) return [];
  return (list as Loose[]).map((one) => {
    if ('district' in one)
      return { id: text(one.district), label: `${text(one.name)} (${text(one.district)})` };
    const hint = [one.ilcs, one.iucr ? `I-UCR ${text(one.iucr)}` : ''].filter(filled).map(text).join(' · ');
    return {
      id: text(one.id),
      label: text(one.label ?? one.name ?? one.id),
      group: text(one.category),
      hint
    };
  });
}

/** The options of a field: its own, or a list of the catalog (a bare list, or one under a key of the same name). */
export function optionsOf(field: Field, catalog: Catalog | null): Option[] {
  if (field.options) return field.options;
  if (!field.options_from || !catalog) return [];
  const from = (catalog as unknown as Loose)[field.options_from];
  return asOptions(Array.isArray(from) ? from : (from as Loose | undefined)?.[field.options_from]);
}

export function formOf(view: Snapshot, catalog: Catalog | null): FormDefinition | null {
  const forms = catalog?.forms ?? [];
  const same = forms.filter((form) => form.id === view.form.id);
  return same.find((form) => form.version === view.form.version) ?? same.at(-1) ?? null;
}

/** The form that a new report would begin with. */
export function newestForm(catalog: Catalog | null): FormDefinition | null {
  return [...(catalog?.forms ?? [])].sort((a, b) => b.version - a.version)[0] ?? null;
}

export function sectionOfList(form: FormDefinition | null, list: string): Section | undefined {
  return form?.sections.find((section) => section.list === list);
}

function labelOf(field: Field, id: unknown, catalog: Catalog | null): string {
  return optionsOf(field, catalog).find((one) => one.id === id)?.label ?? text(id);
}

/** One value in words. Values of fields that this version of the form does not know are shown as they are. */
export function inWords(one: unknown, field: Field | undefined, catalog: Catalog | null): string {
  if (one === null || one === undefined || one === '') return 'empty';
  if (typeof one === 'boolean') return one ? 'Yes' : 'No';
  if (Array.isArray(one)) return one.map((each) => inWords(each, field, catalog)).join(', ');
  if (typeof one === 'object') return JSON.stringify(one);
  if (!field) return text(one);
  if (field.type === 'datetime' || field.type === 'time_note') return dateTime(text(one));
  if (field.options || field.options_from) return labelOf(field, one, catalog);
  return field.unit ? `${text(one)} ${field.unit}` : text(one);
}

/** Of two addresses in conflict the first, as on the desk: the same report bears one name everywhere. */
export function titleOf(view: Snapshot, startedAt: string): string {
  const address = text(current(view, 'report', 'address')[0]?.value).trim();
  if (address) return address;
  const from = text(value(view, 'report', 'occurred_from')) || startedAt;
  return `Report of ${dateTime(from)}`;
}

/** "Agent 2": entities have no names of their own, and an agent least of all; the order of creation counts them. */
export function entityName(view: Snapshot, section: Section, entity: string): string {
  const at = entities(view, section.list ?? '', parentOf(view, entity)).indexOf(entity);
  return `${section.item ?? section.title} ${at + 1}`;
}

export function parentOf(view: Snapshot, entity: string): string | null {
  return view.entities[entity]?.parent ?? null;
}

const QUIET_TYPES = new Set(['longtext', 'photo', 'boolean']);

/** Up to three short answers of an entity, for its line in the list. */
export function entityLine(
  view: Snapshot,
  section: Section,
  entity: string,
  catalog: Catalog | null
): string {
  const parts: string[] = [];
  for (const field of section.fields) {
    const one = fieldValue(view, entity, field);
    if (QUIET_TYPES.has(field.type) || !filled(one)) continue;
    parts.push(inWords(one, field, catalog));
    if (parts.length === 3) break;
  }
  return parts.join(' · ');
}

/** The definition of a field of this entity, wherever it stands; a checklist's element has its checklist's. */
export function fieldFor(
  view: Snapshot,
  form: FormDefinition | null,
  entity: string,
  id: string
): Field | undefined {
  if (!form) return undefined;
  return fieldOf(form, view.entities[entity]?.list ?? null, id.split('/')[0] ?? id);
}

function sectionFor(
  view: Snapshot,
  form: FormDefinition | null,
  entity: string,
  id: string
): Section | undefined {
  const list = view.entities[entity]?.list;
  if (list) return sectionOfList(form, list);
  const plain = id.split('/')[0];
  return (
    form?.sections.find((one) => !one.list && one.fields.some((field) => field.id === plain)) ??
    form?.sections.find((one) => one.list === plain || one.id === plain)
  );
}

/** "Agent 2 · Agency": enough to know which answer is meant, on any screen. */
export function fieldLabel(view: Snapshot, form: FormDefinition | null, entity: string, id: string): string {
  const section = sectionFor(view, form, entity, id);
  const label = fieldFor(view, form, entity, id)?.label ?? section?.title ?? id;
  return section?.list && view.entities[entity] ? `${entityName(view, section, entity)} · ${label}` : label;
}

export function linkTo(view: Snapshot, form: FormDefinition | null, entity: string, id: string): string {
  const section = sectionFor(view, form, entity, id);
  if (!section) return links.report(view.report);
  return view.entities[entity]
    ? links.entity(view.report, section.id, entity)
    : links.section(view.report, section.id);
}

export function districtName(view: Snapshot, catalog: Catalog | null): string {
  if (!view.district) return '';
  const found = asOptions(catalog?.districts).find((one) => one.id === view.district);
  const beat = text(value(view, 'report', 'beat'));
  return `${beat ? `Beat ${beat} · ` : ''}${found?.label ?? `District ${view.district}`}`;
}
