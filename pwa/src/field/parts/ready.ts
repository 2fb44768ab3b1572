/** Whether this phone can start and be written on without a network: the app is kept, and the form has come. */
import { derived, readable } from 'svelte/store';
import { catalog } from '../../outbox';

/** A start that only reads what is kept is done by then; who has to wait longer is told why. */
const PATIENCE_MS = 1500;

const kept = readable(false, (set) => {
  // Without a service worker (a private window of some browsers) there is nothing to wait for.
  if (!('serviceWorker' in navigator)) set(true);
  else void navigator.serviceWorker.ready.then(() => set(true));
});

const late = readable(false, (set) => {
  const timer = setTimeout(() => set(true), PATIENCE_MS);
  return () => clearTimeout(timer);
});

export const ready = derived([kept, catalog], ([app, form]) => app && form !== null);
export const stillWaiting = derived([ready, late], ([done, over]) => !done && over);
