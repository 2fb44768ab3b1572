/**
 * What stands open in a report until a person decides: values beside each other, texts merged from two, and entities
 * that one person removed while another wrote in them. Phone and desk tell it from here.
 */
import { ENTITY, current, heads, merged, same, standingApart } from './overlay';
import type { Snapshot, Version } from './types';

export type Dispute = {
  entity: string;
  field: string;
  /** What a person reads: equal values are one. */
  values: Version[];
  /** Every head, equal ones too: what an op that settles the field names as its base. */
  heads: Version[];
  /** Both texts put together by the server; null where a person must choose. */
  merged: string | null;
  /** Every version of the field that the report still tells of, by op. */
  known: ReadonlyMap<string, Version>;
};

type Place = { entity: string; field: string };

/** One field's dispute; null where one value stands, or none. */
export function disputeOf(view: Snapshot, entity: string, field: string): Dispute | null {
  const values = current(view, entity, field);
  if (values.length < 2) return null;
  const known = knownVersions(view, entity, field);
  return { entity, field, values, heads: heads(view, entity, field), merged: merged(view, entity, field)?.text ?? null, known };
}

export function disputes(view: Snapshot): Dispute[] {
  return standingApart(view).flatMap(({ entity, field }) => disputeOf(view, entity, field) ?? []);
}

/** The text that stands for a field until somebody confirms it; null for any other field. */
export function mergedText(view: Snapshot, entity: string, field: string): string | null {
  return disputeOf(view, entity, field)?.merged ?? null;
}

/** The versions of a field that the snapshot tells of: its heads, what their authors had seen, what was not kept. */
export function knownVersions(view: Snapshot, entity: string, field: string): Map<string, Version> {
  const settled = view.settled.filter((one) => one.entity === entity && one.field === field);
  const all = [
    ...settled.flatMap((one) => one.not_kept),
    ...(view.open[entity]?.[field]?.seen ?? []),
    ...heads(view, entity, field)
  ];
  return new Map(all.map((version) => [version.op, version]));
}

/** What the author of a version had in front of them when it was written. */
export type Seen =
  | { kind: 'nothing' }
  | { kind: 'same' }
  | { kind: 'versions'; versions: Version[] }
  /** Something that later versions have superseded since: it stands in the history. */
  | { kind: 'earlier' };

/** `first` is the value that it is shown beside: where both authors had seen the same, that is said once. */
export function seenBy(head: Version, known: ReadonlyMap<string, Version>, first: Version | null = null): Seen {
  if (head.base.length === 0) return { kind: 'nothing' };
  if (first && first.op !== head.op && sameMembers(first.base, head.base)) return { kind: 'same' };
  const versions = head.base.flatMap((op) => known.get(op) ?? []);
  return versions.length > 0 ? { kind: 'versions', versions } : { kind: 'earlier' };
}

/** What all authors had in front of them alike; null where they had not. */
export function seenByAll({ values, known }: Pick<Dispute, 'values' | 'known'>): Seen | null {
  const [first, ...others] = values;
  return first && others.every((each) => sameMembers(each.base, first.base)) ? seenBy(first, known) : null;
}

function sameMembers(one: string[], other: string[]): boolean {
  return one.length === other.length && one.every((each) => other.includes(each));
}

/** Every version of a field that a decision made now has in sight; equal ones too. */
export function inSight(view: Snapshot, { entity, field }: Place): string[] {
  return heads(view, entity, field).map((head) => head.op);
}

/** The values that came after a person had `shown` on the screen, and that nobody wrote there before. */
export function arrived(now: Dispute, shown: Dispute): Version[] {
  return now.values.filter((head) => !shown.values.some((other) => same(other.value, head.value)));
}

/** Whether a person who read `shown` has read all that stands now, so that a decision may name it all as seen. */
export function readsAlike(now: Dispute, shown: Dispute): boolean {
  return now.values.length === shown.values.length && arrived(now, shown).length === 0 && now.merged === shown.merged;
}

export type Flagged = {
  entity: string;
  removals: Version[];
  /** What was written that no remover had seen. */
  unseen: { field: string; head: Version }[];
};

/** Who removed an entity, and what was written in it that they had not seen; null unless it is flagged. */
export function flaggedOf(view: Snapshot, entity: string): Flagged | null {
  if (!view.entities[entity]?.flagged) return null;
  const removals = heads(view, entity, ENTITY).filter((head) => head.value === null);
  const gone = new Set(removals.flatMap((head) => [head.op, ...head.base]));
  const unseen = Object.entries(view.fields[entity] ?? {}).flatMap(([field, all]) =>
    all.filter((head) => !gone.has(head.op)).map((head) => ({ field, head }))
  );
  return { entity, removals, unseen };
}

/** Every entity that waits for somebody to keep or remove it; those inside a removed one are out of sight with it. */
export function flagged(view: Snapshot): Flagged[] {
  return Object.entries(view.entities)
    .filter(([, each]) => !(each.parent && view.entities[each.parent]?.removed))
    .flatMap(([entity]) => flaggedOf(view, entity) ?? []);
}
