/**
 * What a form definition asks for: which fields show, and what submit still needs. The server checks by the same
 * rules (sync/forms/presence.py); both sides run tests/vectors/form.json.
 */
import { ENTITY, REPORT, entities, heads, value } from './overlay';
import type { Field, FormDefinition, Section, Snapshot } from './types';

export type Missing = { section: string; entity: string; field: string; label: string };

/** The fields that show beside the other values; a checklist's value is the array of its chosen members. */
export function visibleFields(fields: Field[], values: (id: string) => unknown): Field[] {
  return fields.filter((field) => {
    if (!field.show_if) return true;
    const found = values(field.show_if.field);
    const all: unknown[] = Array.isArray(found) ? found : [found];
    return all.some((each) => field.show_if?.in.includes(each));
  });
}

/** The value of a field as its definition sees it: a checklist is the array of its chosen members. */
export function fieldValue(view: Snapshot, entity: string, field: Field): unknown {
  return field.merge === 'set' ? members(view, entity, field.id) : value(view, entity, field.id);
}

function members(view: Snapshot, entity: string, field: string): string[] {
  const prefix = `${field}/`;
  return Object.keys(view.fields[entity] ?? {})
    .filter((key) => key.startsWith(prefix) && heads(view, entity, key).some((head) => head.value === true))
    .map((key) => key.slice(prefix.length));
}

/** What submit still needs, in the form's order. A field in conflict has values: it is settled, not missing. */
export function missing(form: FormDefinition, view: Snapshot): Missing[] {
  return form.sections.flatMap((section) =>
    section.list ? missingInList(section, section.list, view) : missingFields(section, REPORT, view)
  );
}

function missingInList(section: Section, list: string, view: Snapshot): Missing[] {
  const present = standing(list, view);
  const least = section.min_to_submit ?? 0;
  const found = present.flatMap((entity) => missingFields(section, entity, view));
  if (present.length < least) {
    const label = `${section.item ?? section.title} (at least ${least})`;
    found.unshift({ section: section.id, entity: REPORT, field: list, label });
  }
  return found;
}

/** The entities of a list that stand; one inside a removed entity is out of sight and asks for nothing. */
function standing(list: string, view: Snapshot): string[] {
  return entities(view, list).filter((entity) => {
    const parent = view.entities[entity]?.parent;
    return !parent || view.entities[parent]?.removed !== true;
  });
}

function missingFields(section: Section, entity: string, view: Snapshot): Missing[] {
  const values = (id: string): unknown[] => allValues(view, entity, id);
  const lacking = visibleFields(section.fields, values)
    .filter((field) => field.required === 'submit' && !values(field.id).some(given))
    .map((field) => ({ section: section.id, entity, field: field.id, label: field.label }));
  const groups = (section.any_to_submit ?? [])
    .filter((group) => !group.fields.some((id) => values(id).some(given)))
    .map((group) => ({ section: section.id, entity, field: group.fields[0] ?? '', label: group.label }));
  return [...lacking, ...groups];
}

/** Every current value of a field: none, one, or in a conflict several. */
function allValues(view: Snapshot, entity: string, field: string): unknown[] {
  if (field === ENTITY) return [];
  return [...members(view, entity, field), ...heads(view, entity, field).map((head) => head.value)];
}

function given(found: unknown): boolean {
  if (found === undefined || found === null) return false;
  if (typeof found === 'string') return found.trim() !== '';
  return !(Array.isArray(found) && found.length === 0);
}

/** Find a field's definition: of the report itself (list null) or of an entity list. */
export function fieldOf(form: FormDefinition, list: string | null, id: string): Field | undefined {
  return form.sections
    .filter((section) => (section.list ?? null) === list)
    .flatMap((section) => section.fields)
    .find((field) => field.id === id);
}
