/** What only the desk tells of a dispute: who wrote each value, the text before, and how it was settled. */
import type { Dispute } from '../../sync/disputes';
import { heads, same } from '../../sync/overlay';
import type { Snapshot, Version } from '../../sync/types';

/** Everybody who wrote this value: a value written twice is shown once. */
export function writersOf(dispute: Dispute, value: Version): Version[] {
  return dispute.heads.filter((head) => same(head.value, value.value));
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
