/** What is safe and what is not yet: counted from the disk, never guessed. */
import { writable, type Readable } from 'svelte/store';
import type { UserStore } from '../storage/user';
import type { Safety } from './types';

const NOTHING: Safety = {
  counted: false,
  pendingOps: 0,
  pendingPhotos: 0,
  pendingHolds: 0,
  lastContact: null,
  step: null,
  error: null,
  refused: 0
};

const state = writable<Safety>(NOTHING);
export const safety: Readable<Safety> = { subscribe: state.subscribe };

let asked: UserStore | null = null;
let again = false;
let counting: Promise<void> | null = null;

/** Count again; resolves when all that is on the disk now is counted. Without a user nothing is shown. */
export async function recount(store: UserStore | null): Promise<void> {
  asked = store;
  again = store !== null;
  if (!store) state.set(NOTHING);
  else await (counting ??= count());
}

/** Resolves when no count is under way: what was told of before is then shown. A count that fails stops nobody. */
export async function counted(): Promise<void> {
  await counting?.catch(() => undefined);
}

async function count(): Promise<void> {
  try {
    while (again && asked) {
      again = false;
      const store = asked;
      const found = await countsOf(store);
      // Somebody else may have signed in while the disk was read.
      if (store === asked) state.update((now) => ({ ...now, ...found }));
    }
  } finally {
    counting = null;
  }
}

async function countsOf(store: UserStore): Promise<Partial<Safety>> {
  const { db } = store;
  const onlyHere = db.ops.where('state').anyOf('pending', 'stuck');
  const [pendingOps, pendingHolds, pendingPhotos, refusedOps, refusedPhotos, lastContact] = await Promise.all([
    onlyHere.count(),
    db.ops.where('state').anyOf('pending', 'stuck').filter((op) => op.kind === 'hold').count(),
    db.photos.where('state').anyOf('pending', 'stuck').count(),
    db.ops.where('state').anyOf('refused', 'stuck').count(),
    db.photos.where({ state: 'stuck' }).count(),
    store.meta<string>('last-contact')
  ]);
  const refused = refusedOps + refusedPhotos;
  return { counted: true, pendingOps, pendingHolds, pendingPhotos, refused, lastContact };
}

/** Say which step the sender is at; null when it rests. */
export function showStep(step: string | null): void {
  state.update((now) => (now.step === step ? now : { ...now, step }));
}

export function showError(error: Safety['error']): void {
  state.update((now) => ({ ...now, error }));
}
