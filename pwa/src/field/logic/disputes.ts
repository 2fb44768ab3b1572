/**
 * What stands open in a report until a person decides: values beside each other, texts merged from two, entities that
 * one person removed while another wrote in them.
 */
import { ENTITY, current, heads, merged, same, standingApart } from '../../sync/overlay';
import type { Snapshot, Version } from '../../sync/types';

export type Dispute = {
  entity: string;
  field: string;
  /** What a person reads: equal values are one. */
  values: Version[];
  /** Both texts put together by the server, sentence by sentence; null where a person must choose. */
  merged: string | null;
  /** The earlier versions that the authors had seen, as far as this phone knows them. */
  seen: Version[];
};

/** One field's dispute; null where one value stands, or none. */
export function disputeOf(view: Snapshot, entity: string, field: string): Dispute | null {
  const values = current(view, entity, field);
  if (values.length < 2) return null;
  const seen = view.open[entity]?.[field]?.seen ?? [];
  return { entity, field, values, merged: merged(view, entity, field)?.text ?? null, seen };
}

export function disputes(view: Snapshot): Dispute[] {
  return standingApart(view).flatMap(({ entity, field }) => disputeOf(view, entity, field) ?? []);
}

/** The text that stands for a field until somebody confirms it; null for any other field. */
export function mergedText(view: Snapshot, entity: string, field: string): string | null {
  return disputeOf(view, entity, field)?.merged ?? null;
}

/** Every version that a decision made now has in sight; equal ones too. */
export function inSight(view: Snapshot, { entity, field }: { entity: string; field: string }): string[] {
  return heads(view, entity, field).map((head) => head.op);
}

/** Those of the values that were not there yet when a person chose. */
export function arrived(dispute: Dispute, sight: string[]): Version[] {
  return dispute.values.filter((head) => !sight.includes(head.op));
}

export type Seen = { kind: 'nothing' } | { kind: 'known'; versions: Version[] } | { kind: 'untold' };

/** What the author of a version had in front of them. */
export function seenBy(head: Version, dispute: Dispute): Seen {
  if (head.base.length === 0) return { kind: 'nothing' };
  const versions = dispute.seen.filter((each) => head.base.includes(each.op));
  return versions.length > 0 ? { kind: 'known', versions } : { kind: 'untold' };
}

/** What all authors had in front of them alike: it is said once. Null where they had not. */
export function seenByAll(dispute: Dispute): Seen | null {
  const [first, ...others] = dispute.values.map((head) => seenBy(head, dispute));
  return first && others.every((each) => same(each, first)) ? first : null;
}

export type Flagged = { entity: string; removals: Version[]; unseen: { field: string; head: Version }[] };

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

/** Every entity that waits for somebody to keep or remove it, those inside a removed one left out. */
export function flagged(view: Snapshot): Flagged[] {
  return Object.entries(view.entities)
    .filter(([, each]) => each.flagged && !(each.parent && view.entities[each.parent]?.removed))
    .flatMap(([entity]) => flaggedOf(view, entity) ?? []);
}
