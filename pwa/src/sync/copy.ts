/** A reader's copy of a report: changes of the feed put into it, and copies of an earlier version made whole. */
import type { Change, Copy, Patch, Quarantined, Snapshot, Version } from './types';

export function isPatch(change: Change): change is Patch {
  return 'patch' in change;
}

/** The copy with a change in it; null where a change between the two is missing, so that it must be taken anew. */
export function patched(copy: Copy | null, { seq, since, patch }: Patch): Copy | null {
  if (!copy) return null;
  // The reader has it already: a page of the feed may bring again what an earlier one brought.
  if (seq <= copy.seq) return copy;
  if (copy.seq !== since) return null;
  const before = copy.snapshot;
  const fields = { ...before.fields };
  for (const [entity, changed] of Object.entries(patch.fields)) fields[entity] = { ...fields[entity], ...changed };
  const entities = { ...before.entities, ...patch.entities };
  return { ...copy, ...patch.facts, snapshot: { ...before, ...patch.set, entities, fields }, seq };
}

type Before<T> = Partial<T> & { saw?: string[] };

/** A copy with every member that this version expects: what was kept by an earlier one lacks some. */
export function whole(kept: Copy): Copy {
  const { snapshot } = kept;
  if (kept.flags && kept.kept !== undefined && snapshot.open && snapshot.settled) return kept;
  return {
    ...kept,
    flags: kept.flags ?? [],
    kept: kept.kept ?? kept.quarantined.length,
    quarantined: kept.quarantined.map((entry: Partial<Quarantined>) => ({
      ...(entry as Quarantined),
      sha256: entry.sha256 ?? entry.op ?? '',
      not_before: entry.not_before ?? null
    })),
    snapshot: {
      ...snapshot,
      open: snapshot.open ?? {},
      settled: snapshot.settled ?? [],
      fields: eachVersion(snapshot, (version: Before<Version>) => ({
        ...(version as Version),
        base: version.base ?? version.saw ?? [],
        not_before: version.not_before ?? null
      }))
    }
  };
}

function eachVersion(snapshot: Snapshot, made: (version: Version) => Version): Snapshot['fields'] {
  return Object.fromEntries(
    Object.entries(snapshot.fields).map(([entity, fields]) => [
      entity,
      Object.fromEntries(Object.entries(fields).map(([field, heads]) => [field, heads.map(made)]))
    ])
  );
}
