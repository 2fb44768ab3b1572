/** What the parts of an opened report ask it, so that every value can say where it comes from. */
import { getContext, setContext } from 'svelte';
import type { Quarantined, Version } from '../../sync/types';

export type Explain = {
  /** The late change whose words an op took in; null for any other op. */
  source: (op: string) => Quarantined | null;
  /** The versions of a field that the report still tells of. */
  known: (entity: string, field: string) => ReadonlyMap<string, Version>;
};

const KEY = Symbol('explain');

export function provideExplain(explain: Explain): void {
  setContext(KEY, explain);
}

export function explain(): Explain {
  return getContext<Explain>(KEY);
}
