/** What a form definition asks for: which fields show, and what submit still needs. The server checks the same rules. */
import { REPORT, current, entities, value } from './overlay';
import type { Field, FormDefinition, Section, Snapshot } from './types';

export type Missing = { section: string; entity: string; field: string; label: string };

/** The fields that show, given the values of the same entity. A field hidden by a hidden field stays hidden. */
export function visibleFields(fields: Field[], values: (id: string) => unknown): Field[] {
  const byId = new Map(fields.map((field) => [field.id, field]));
  const shown = (field: Field, depth: number): boolean => {
    if (!field.show_if) return true;
    const on = byId.get(field.show_if.field);
    if (on && depth < fields.length && !shown(on, depth + 1)) return false;
    const found = values(field.show_if.field);
    const wanted = field.show_if.in;
    return Array.isArray(found) ? found.some((each) => wanted.includes(each)) : wanted.includes(found);
  };
  return fields.filter((field) => shown(field, 0));
}

/** The value of a field as its definition sees it: a checklist is the array of its chosen members. */
export function fieldValue(view: Snapshot, entity: string, field: Field): unknown {
  if (field.merge !== 'set') return value(view, entity, field.id);
  const prefix = `${field.id}/`;
  return Object.keys(view.fields[entity] ?? {})
    .filter((key) => key.startsWith(prefix) && value(view, entity, key) === true)
    .map((key) => key.slice(prefix.length));
}

/** What submit still needs. A field in conflict has been answered: it is settled elsewhere, not missing. */
export function missing(form: FormDefinition, view: Snapshot): Missing[] {
  return form.sections.flatMap((section) =>
    section.list ? missingInList(form, section, section.list, view) : missingFields(section, REPORT, form, view)
  );
}

function missingInList(form: FormDefinition, section: Section, list: string, view: Snapshot): Missing[] {
  const present = standing(form, section, view);
  const found = present.flatMap((entity) => missingFields(section, entity, form, view));
  if (present.length < (section.min_to_submit ?? 0)) {
    found.unshift({ section: section.id, entity: REPORT, field: list, label: section.item ?? section.title });
  }
  return found;
}

/** The entities of a list whose parent, where they have one, stands too. */
function standing(form: FormDefinition, section: Section, view: Snapshot): string[] {
  const all = entities(view, section.list ?? '');
  return all.filter((entity) => {
    const parent = view.entities[entity]?.parent;
    return !parent || view.entities[parent]?.removed !== true;
  });
}

function missingFields(section: Section, entity: string, form: FormDefinition, view: Snapshot): Missing[] {
  // A report's own fields may depend on each other across sections.
  const fields = section.list
    ? section.fields
    : form.sections.filter((each) => !each.list).flatMap((each) => each.fields);
  const byId = new Map(fields.map((field) => [field.id, field]));
  const valueOf = (id: string): unknown => {
    const field = byId.get(id);
    return field ? fieldValue(view, entity, field) : value(view, entity, id);
  };
  const shown = new Set(visibleFields(fields, valueOf).map((field) => field.id));
  return section.fields
    .filter((field) => field.required === 'submit' && shown.has(field.id))
    .filter((field) => !answered(view, entity, field))
    .map((field) => ({ section: section.id, entity, field: field.id, label: field.label }));
}

function answered(view: Snapshot, entity: string, field: Field): boolean {
  if (field.merge !== 'set' && current(view, entity, field.id).length > 1) return true;
  const found = fieldValue(view, entity, field);
  if (found === undefined || found === null) return false;
  if (typeof found === 'string') return found.trim() !== '';
  return Array.isArray(found) ? found.length > 0 : true;
}

/** Find a field's definition: of the report itself (list null) or of an entity list. */
export function fieldOf(form: FormDefinition, list: string | null, id: string): Field | undefined {
  return form.sections
    .filter((section) => (section.list ?? null) === list)
    .flatMap((section) => section.fields)
    .find((field) => field.id === id);
}
