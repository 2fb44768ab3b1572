/**
 * The server's snapshot overlaid with this phone's own ops. The rule is the server's own (sync/merge.py), applied to
 * what the server has not judged yet: the phone never merges, it only shows what it is about to send.
 * Both sides run tests/vectors/overlay.json.
 */
import type { Edit, Entity, FormRef, OpPayload, ReportState, Snapshot, Version } from './types';

export const REPORT = 'report';
export const REVIEW = 'review';
export const ENTITY = '@entity';

/** The snapshot of a report before its first op. */
export function empty(report: string, form: FormRef, author: string, home: string | null): Snapshot {
  const nothing = { entities: {}, fields: {}, open: {}, settled: [], ops: 0 };
  return { report, form, author, home, district: home, state: 'draft', ...nothing };
}

/**
 * Overlay ops on a snapshot, in the order given; the snapshot itself is left as it is. `again` names those that the
 * server had applied once and is given back: whether the snapshot holds them is not known, and worked out here.
 */
export function overlay(
  snapshot: Snapshot,
  ops: OpPayload[],
  received: string | null = null,
  again: ReadonlySet<string> = NONE
): Snapshot {
  if (ops.length === 0) return snapshot;
  const view = structuredClone(snapshot);
  const known = descended(snapshot, ops);
  const laid = new Set<string>();
  for (const op of ops) {
    const edits = op.edits.filter((edit) => {
      const at = `${edit.entity} ${edit.field}`;
      // An op whose receipt was lost may stand in the snapshot already, or be built on there.
      if (known.has(`${op.op} ${at}`)) return false;
      return !again.has(op.op) || isForgotten(snapshot, edit, (base) => laid.has(`${base} ${at}`));
    });
    if (edits.length === 0) continue;
    for (const edit of edits) laid.add(`${op.op} ${edit.entity} ${edit.field}`);
    apply(view, { ...op, edits }, received);
  }
  return view;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Whether the snapshot lacks an edit that the server had once. Nothing stands there, or one of its bases is a head
 * still: what was applied has taken its bases from the heads for good. So has what builds on an edit that is lacking.
 */
function isForgotten(snapshot: Snapshot, edit: Edit, isLaid: (base: string) => boolean): boolean {
  const before = heads(snapshot, edit.entity, edit.field);
  return before.length === 0 || edit.base.some((base) => isLaid(base) || before.some((head) => head.op === base));
}

/**
 * What the snapshot's heads descend from, as far as it shows: `<op> <entity> <field>`. Such an op has been superseded, and must not
 * stand beside what superseded it; after a reset a phone lays all that it delivers again over the copy.
 */
function descended(snapshot: Snapshot, ops: OpPayload[]): Set<string> {
  const bases = new Map<string, string[]>();
  for (const op of ops) {
    for (const edit of op.edits) bases.set(`${op.op} ${edit.entity} ${edit.field}`, edit.base);
  }
  const found = new Set<string>();
  for (const [entity, fields] of Object.entries(snapshot.fields)) {
    for (const [field, each] of Object.entries(fields)) {
      const ahead = each.flatMap((head) => [head.op, ...head.base]);
      for (let op = ahead.pop(); op !== undefined; op = ahead.pop()) {
        const key = `${op} ${entity} ${field}`;
        if (found.has(key)) continue;
        found.add(key);
        ahead.push(...(bases.get(key) ?? []));
      }
    }
  }
  return found;
}

function apply(view: Snapshot, op: OpPayload, received: string | null): void {
  for (const edit of op.edits) {
    const fields = (view.fields[edit.entity] ??= {});
    const before = fields[edit.field] ?? [];
    const kept = before.filter((head) => !edit.base.includes(head.op));
    fields[edit.field] = [...kept, version(op, edit, received)];
    // What the server asks about other heads is no question about these.
    answered(view, edit.entity, edit.field);
  }
  for (const entity of new Set(op.edits.map((edit) => edit.entity))) {
    if (entity !== REPORT && entity !== REVIEW) settle(view, entity);
  }
  view.ops += 1;
  view.state = stateOf(view);
  view.district = districtOf(view);
}

function version(op: OpPayload, edit: Edit, received: string | null): Version {
  return {
    op: op.op,
    actor: op.actor,
    device: op.device,
    wall: op.time.wall,
    offset: op.time.utc_offset,
    received,
    not_before: null,
    base: [...edit.base],
    value: edit.value
  };
}

function answered(view: Snapshot, entity: string, field: string): void {
  const asked = view.open[entity];
  if (!asked) return;
  delete asked[field];
  if (Object.keys(asked).length === 0) delete view.open[entity];
}

/** Work out whether an entity stands: an edit that its remover had not seen keeps it, flagged. */
function settle(view: Snapshot, entity: string): void {
  const fields = view.fields[entity] ?? {};
  const heads = fields[ENTITY] ?? [];
  const made = heads.find((head) => head.value)?.value as Partial<Entity> | undefined;
  const before = view.entities[entity] ?? { list: null, parent: null };
  const known = made ? { list: made.list ?? null, parent: made.parent ?? null } : before;
  const removals = heads.filter((head) => head.value === null);
  const gone = new Set(removals.flatMap((head) => [head.op, ...head.base]));
  const unseen = Object.values(fields).some((each) => each.some((head) => !gone.has(head.op)));
  const removed = removals.length > 0 && !unseen;
  view.entities[entity] = {
    list: known.list,
    parent: known.parent,
    removed,
    flagged: removals.length > 0 && !removed
  };
}

function stateOf(view: Snapshot): ReportState {
  const heads = view.fields[REVIEW]?.['state'] ?? [];
  return (heads.at(-1)?.value as ReportState | undefined) ?? 'draft';
}

function districtOf(view: Snapshot): string | null {
  const given = new Set(heads(view, REPORT, 'district').flatMap((head) => (head.value ? [head.value] : [])));
  return given.size === 1 ? ([...given][0] as string) : (view.home ?? null);
}

/** Every head of a field, oldest first, equal ones too: what an op that settles the field must name as its base. */
export function heads(view: Snapshot, entity: string, field: string): Version[] {
  return view.fields[entity]?.[field] ?? [];
}

/** The heads as a person reads them: [] none, one value, or a conflict; equal values are one. */
export function current(view: Snapshot, entity: string, field: string): Version[] {
  const distinct: Version[] = [];
  for (const head of heads(view, entity, field)) {
    if (!distinct.some((other) => same(other.value, head.value))) distinct.push(head);
  }
  if (distinct.length < 2 || !isSetMember(field)) return distinct;
  // In a checklist adding wins; there is no conflict to settle.
  const added = distinct.find((head) => head.value === true);
  return added ? [added] : distinct.slice(-1);
}

/** The one value of a field; undefined where nobody wrote it or a conflict is open. */
export function value(view: Snapshot, entity: string, field: string): unknown {
  const found = current(view, entity, field);
  return found.length === 1 ? found[0]?.value : undefined;
}

/** The entities of a list that stand, in order of creation. `parent` left out: of any parent. */
export function entities(view: Snapshot, list: string, parent?: string | null): string[] {
  return Object.entries(view.entities)
    .filter(([, each]) => each.list === list && !each.removed)
    .filter(([, each]) => parent === undefined || each.parent === parent)
    .map(([id]) => ({ id, order: heads(view, id, ENTITY)[0]?.op ?? id }))
    .sort((a, b) => compare(a.order, b.order) || compare(a.id, b.id))
    .map((each) => each.id);
}

export type Apart = { entity: string; field: string; heads: Version[] };
export type Merged = Apart & { text: string };

/** The fields between whose values a person must choose. */
export function conflicts(view: Snapshot): Apart[] {
  return standingApart(view).filter((each) => !merged(view, each.entity, each.field));
}

/** The fields whose text was merged from two and that nobody has confirmed yet. */
export function unconfirmed(view: Snapshot): Merged[] {
  return standingApart(view).flatMap((each) => merged(view, each.entity, each.field) ?? []);
}

/**
 * The text that stands in for two, put together by the server; null where there is none. Whoever shows it says
 * "Merged from two texts, not confirmed yet": no human wrote it (P3). `current` and `value` never give it as a value.
 */
export function merged(view: Snapshot, entity: string, field: string): Merged | null {
  const asked = view.open[entity]?.[field];
  if (asked?.kind !== 'merged' || asked.text === null) return null;
  return { entity, field, heads: current(view, entity, field), text: asked.text };
}

/**
 * Every field whose values disagree, leaving out removed entities and the steps of the review: a submit that had
 * not seen a return is no disagreement about the report, and the next step settles it.
 */
export function standingApart(view: Snapshot): Apart[] {
  const found: Apart[] = [];
  for (const [entity, fields] of Object.entries(view.fields)) {
    if (entity === REVIEW || view.entities[entity]?.removed) continue;
    for (const field of Object.keys(fields)) {
      if (field === ENTITY) continue;
      const distinct = current(view, entity, field);
      if (distinct.length > 1) found.push({ entity, field, heads: distinct });
    }
  }
  return found;
}

export function isSetMember(field: string): boolean {
  return field.includes('/');
}

/** Equality of JSON values; the order of an object's keys means nothing. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = Object.entries(a);
  const right = b as Record<string, unknown>;
  return (
    left.length === Object.keys(b).length && left.every(([key, each]) => key in right && same(each, right[key]))
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
