/** The names that this phone knows, and who is signed in: what every "who" on a screen is said with. */
import { derived, type Readable } from 'svelte/store';
import { devices, people } from '../../outbox';
import { session } from '../../session';
import type { Names } from '../logic/names';

export const names: Readable<Names> = derived([people, devices, session], ([persons, named, now]) => ({
  people: persons,
  devices: named,
  user: now.user?.id ?? ''
}));
