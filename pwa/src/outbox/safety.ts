/** What is safe and what is not yet: counted from the disk, never guessed. */
import { writable, type Readable } from 'svelte/store';
import type { UserStore } from '../storage/user';
import type { Safety } from './types';

const NOTHING: Safety = {
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

/** Count again. Without a user nothing is shown. */
export async function recount(store: UserStore | null): Promise<void> {
  if (!store) {
    state.set(NOTHING);
    return;
  }
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
  state.update((now) => ({ ...now, pendingOps, pendingHolds, pendingPhotos, refused, lastContact }));
}

/** Say which step the sender is at; null when it rests. */
export function showStep(step: string | null): void {
  state.update((now) => (now.step === step ? now : { ...now, step }));
}

export function showError(error: Safety['error']): void {
  state.update((now) => ({ ...now, error }));
}
