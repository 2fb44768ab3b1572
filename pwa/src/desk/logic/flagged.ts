/** Entities that one person removed while another, who had not seen that, wrote in them: they stay until decided. */
import { ENTITY, heads } from '../../sync/overlay';
import type { Snapshot, Version } from '../../sync/types';

export type Flagged = {
  entity: string;
  removals: Version[];
  /** What was written that no remover had seen. */
  unseen: { field: string; head: Version }[];
};

/** Those inside a removed entity are out of sight with it. */
export function flagged(snapshot: Snapshot): Flagged[] {
  return Object.entries(snapshot.entities)
    .filter(([, each]) => each.flagged && !(each.parent && snapshot.entities[each.parent]?.removed))
    .map(([entity]) => whoDidWhat(snapshot, entity));
}

function whoDidWhat(snapshot: Snapshot, entity: string): Flagged {
  const removals = heads(snapshot, entity, ENTITY).filter((head) => head.value === null);
  const gone = new Set(removals.flatMap((head) => [head.op, ...head.base]));
  const unseen = Object.entries(snapshot.fields[entity] ?? {}).flatMap(([field, all]) =>
    all.filter((head) => !gone.has(head.op)).map((head) => ({ field, head }))
  );
  return { entity, removals, unseen };
}
