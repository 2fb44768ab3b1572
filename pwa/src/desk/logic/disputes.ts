/** What stands open in a report until a person decides: values beside each other, and texts merged from two. */
import { current, heads, merged, same, standingApart } from '../../sync/overlay';
import type { Snapshot, Version } from '../../sync/types';

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

export function disputeOf(snapshot: Snapshot, entity: string, field: string): Dispute | null {
  const values = current(snapshot, entity, field);
  if (values.length < 2) return null;
  const known = knownVersions(snapshot, entity, field);
  const text = merged(snapshot, entity, field)?.text ?? null;
  return { entity, field, values, heads: heads(snapshot, entity, field), merged: text, known };
}

export function disputes(snapshot: Snapshot): Dispute[] {
  return standingApart(snapshot).flatMap(({ entity, field }) => disputeOf(snapshot, entity, field) ?? []);
}

/** The versions of a field that the snapshot tells of: its heads, what their authors had seen, what was not kept. */
export function knownVersions(snapshot: Snapshot, entity: string, field: string): Map<string, Version> {
  const settled = snapshot.settled.filter((one) => one.entity === entity && one.field === field);
  const all = [
    ...settled.flatMap((one) => one.not_kept),
    ...(snapshot.open[entity]?.[field]?.seen ?? []),
    ...heads(snapshot, entity, field)
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

function sameMembers(one: string[], other: string[]): boolean {
  return one.length === other.length && one.every((each) => other.includes(each));
}

/** Everybody who wrote this value: a value written twice is shown once. */
export function writersOf(dispute: Dispute, value: Version): Version[] {
  return dispute.heads.filter((head) => same(head.value, value.value));
}

/** The values that came after a person had `shown` on the screen, and that nobody wrote there before. */
export function arrived(now: Dispute, shown: Dispute): Version[] {
  return now.values.filter((head) => !shown.values.some((other) => same(other.value, head.value)));
}

/** Whether a person who read `shown` has read all that stands now, so that a decision may name it all as seen. */
export function readsAlike(now: Dispute, shown: Dispute): boolean {
  return now.values.length === shown.values.length && arrived(now, shown).length === 0 && now.merged === shown.merged;
}

/** The text that both authors of a merged one began from; null where the snapshot no longer tells it. */
export function before({ values, known }: Pick<Dispute, 'values' | 'known'>): Version | null {
  const [one, other] = values.map((head) => ancestors(head, known));
  const shared = [...(one ?? [])].filter((op) => other?.has(op));
  const latest = shared.filter((op) => !shared.some((later) => known.get(later)?.base.includes(op)));
  return latest.length === 1 ? (known.get(latest[0]!) ?? null) : null;
}

function ancestors(of: Version, known: ReadonlyMap<string, Version>): Set<string> {
  const found = new Set<string>();
  const ahead = [...of.base];
  for (let op = ahead.pop(); op !== undefined; op = ahead.pop()) {
    if (found.has(op)) continue;
    found.add(op);
    ahead.push(...(known.get(op)?.base ?? []));
  }
  return found;
}

/** How a field that was open came to rest: the value that stands, and as far as the server tells, why and what not. */
export type Settled = { by: Version | null; reason: string | null; notKept: Version[] };

export function settledAs(snapshot: Snapshot, entity: string, field: string): Settled {
  const by = heads(snapshot, entity, field).at(-1) ?? null;
  const told = snapshot.settled.findLast((one) => one.op === by?.op && one.entity === entity && one.field === field);
  return {
    by,
    reason: told?.reason ?? null,
    notKept: (told?.not_kept ?? []).filter((version) => !same(version.value, by?.value))
  };
}
