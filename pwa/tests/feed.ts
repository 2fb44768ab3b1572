/** What a reader of the feed is sent: whole copies, or changes on the copy that its cursor says it has. */
import type { Change, Copy, Patch, Snapshot } from '../src/sync/types';

const PARTS = new Set(['entities', 'fields']);
const FACTS = ['holds', 'photos', 'quarantined', 'kept', 'flags'] as const;

const alike = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Every state that the reports have had, so that a change can be told from the state before. */
export class Past {
  #states = new Map<string, Copy[]>();

  /** Note how a report stands now; a state that is known already is kept. */
  note(copy: Copy): void {
    const known = this.#states.get(copy.report) ?? [];
    if (known.at(-1)?.seq === copy.seq) known.pop();
    this.#states.set(copy.report, [...known, structuredClone(copy)]);
  }

  forget(): void {
    this.#states.clear();
  }

  /** How a report came from what a reader had at `held` to what it is; whole where it was not there yet. */
  since(report: string, held: number): Change[] {
    const states = this.#states.get(report) ?? [];
    const from = states.findLastIndex((each) => each.seq <= held);
    const later = states.slice(from + 1);
    if (from < 0) return later.slice(-1);
    return later.map((now, place) => difference(states[from + place] as Copy, now));
  }
}

export function difference(before: Copy, now: Copy): Patch {
  const was = before.snapshot;
  const is = now.snapshot;
  const set = Object.entries(is).filter(
    ([name, each]) => !PARTS.has(name) && !alike(each, was[name as keyof Snapshot])
  );
  const entities = Object.entries(is.entities).filter(([id, each]) => !alike(each, was.entities[id]));
  const fields = Object.entries(is.fields).flatMap(([entity, each]) => {
    const changed = Object.entries(each).filter(([field, heads]) => !alike(heads, was.fields[entity]?.[field]));
    return changed.length > 0 ? [[entity, Object.fromEntries(changed)]] : [];
  });
  const facts = FACTS.filter((name) => !alike(before[name], now[name])).map((name) => [name, now[name]]);
  const patch = {
    set: Object.fromEntries(set) as Partial<Snapshot>,
    entities: Object.fromEntries(entities),
    fields: Object.fromEntries(fields) as Snapshot['fields'],
    facts: Object.fromEntries(facts) as Partial<Copy>
  };
  return structuredClone({ report: now.report, seq: now.seq, since: before.seq, patch });
}
