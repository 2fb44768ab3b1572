/** From what a screen wants to write to the edits of an op: checklists spread out, bases filled in. */
import { ENTITY, REPORT, REVIEW, current, heads, isSetMember, same } from '../sync/overlay';
import { fieldOf } from '../sync/form';
import type { Edit, FormDefinition, OpKind, Snapshot } from '../sync/types';
import type { NewEdit } from './types';

export type Author = { device: string };

/** Make an op's edits. Empty where everything to be written stands there already. */
export function prepare(
  view: Snapshot,
  form: FormDefinition | null,
  wanted: NewEdit[],
  kind: OpKind,
  author: Author
): Edit[] {
  const spread = wanted.flatMap((edit) => spreadSet(view, form, edit, wanted));
  // An op writes each field once: the last word counts.
  const last = new Map(spread.map((edit) => [`${edit.entity} ${edit.field}`, edit]));
  return [...last.values()]
    .filter((edit) => kind !== 'edit' || !isIdle(view, edit))
    .map(({ entity, field, value, base }) => ({
      entity,
      field,
      base: baseOf(view, { entity, field, value, ...(base ? { base } : {}) }, kind, author),
      value: value ?? null
    }));
}

/**
 * What the author had seen of the field. Without a word from the screen that is every head in view; in an open
 * conflict it is only what this device wrote itself, because ending a conflict takes a decision with a reason.
 */
function baseOf(view: Snapshot, edit: NewEdit, kind: OpKind, author: Author): string[] {
  const all = heads(view, edit.entity, edit.field);
  const own = all.filter((head) => head.device === author.device).map((head) => head.op);
  // A version that came while the person was choosing was not chosen against: it stays, as a conflict.
  if (kind === 'resolve') return edit.base ?? all.map((head) => head.op);
  if (edit.base) return [...new Set([...edit.base, ...own])];
  if (edit.entity !== REVIEW && current(view, edit.entity, edit.field).length > 1) return own;
  return all.map((head) => head.op);
}

/** A checklist given as the array of its members becomes one edit for each member that changes. */
function spreadSet(view: Snapshot, form: FormDefinition | null, edit: NewEdit, all: NewEdit[]): NewEdit[] {
  if (!form || !Array.isArray(edit.value) || edit.entity === REVIEW) return [edit];
  const field = fieldOf(form, listOf(view, edit.entity, all), edit.field);
  if (field?.merge !== 'set') return [edit];
  const chosen = new Set(edit.value.map(String));
  const prefix = `${edit.field}/`;
  const known = Object.keys(view.fields[edit.entity] ?? {})
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
  const dropped = known.filter((member) => !chosen.has(member));
  return [
    ...[...chosen].map((member) => ({ entity: edit.entity, field: prefix + member, value: true })),
    ...dropped.map((member) => ({ entity: edit.entity, field: prefix + member, value: false }))
  ];
}

function listOf(view: Snapshot, entity: string, all: NewEdit[]): string | null {
  if (entity === REPORT) return null;
  const made = all.find((edit) => edit.entity === entity && edit.field === ENTITY)?.value as { list?: string } | null;
  return made?.list ?? view.entities[entity]?.list ?? null;
}

/** Whether an edit would change nothing that anybody can see. */
function isIdle(view: Snapshot, edit: NewEdit): boolean {
  if (edit.field === ENTITY) return false;
  const found = current(view, edit.entity, edit.field);
  if (found.length === 0) return isBlank(edit.value) || (edit.value === false && isSetMember(edit.field));
  return found.length === 1 && same(found[0]?.value, edit.value ?? null);
}

export function isBlank(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
