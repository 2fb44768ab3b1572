/** The stores that the screens read: built from the disk, rebuilt where the disk changed. */
import { derived, get, writable, type Readable } from 'svelte/store';
import { session, type User } from '../session';
import type { UserStore } from '../storage/user';
import type { Catalog, DeviceName, Person } from '../sync/types';
import { onChange } from './bus';
import { storeOf } from './here';
import { counted, recount } from './safety';
import type { ReportView } from './types';
import { partsOf, viewOf } from './view';

const views = writable<ReadonlyMap<string, ReportView>>(new Map());
const catalogState = writable<Catalog | null>(null);
const peopleState = writable<Record<string, Person>>({});
const devicesState = writable<Record<string, DeviceName>>({});

export const reports: Readable<ReportView[]> = derived(views, (all) =>
  [...all.values()].sort((a, b) => (a.lastSaved < b.lastSaved ? 1 : -1))
);
export const catalog: Readable<Catalog | null> = { subscribe: catalogState.subscribe };
export const people: Readable<Record<string, Person>> = { subscribe: peopleState.subscribe };
export const devices: Readable<Record<string, DeviceName>> = { subscribe: devicesState.subscribe };

/** One report; null until it is on this phone. Tells only of its own changes. */
export function report(id: string): Readable<ReportView | null> {
  let last: ReportView | null | undefined;
  return derived<typeof views, ReportView | null>(
    views,
    (all, set) => {
      const now = all.get(id) ?? null;
      if (now !== last) set((last = now));
    },
    get(views).get(id) ?? null
  );
}

let reader: { user: User; store: UserStore } | null = null;
const dirty = new Set<string>();
let everything = false;
let working: Promise<void> | null = null;

/** Follow the present user and the disk. Called once, at the start of the app. */
export function follow(): void {
  session.subscribe(({ user }) => {
    if (user?.id === reader?.user.id) {
      if (user && reader) reader.user = user;
      return;
    }
    reader = user ? { user, store: storeOf(user.id) } : null;
    views.set(new Map());
    catalogState.set(null);
    peopleState.set({});
    devicesState.set({});
    everything = true;
    void recount(reader?.store ?? null);
    void rebuild();
    void readMeta();
  });
  onChange((change) => {
    if (change.user !== reader?.user.id) return;
    if (change.reports === 'all') everything = true;
    else for (const id of change.reports) dirty.add(id);
    // Beside the views, which may take their time: what is only here must never read as delivered meanwhile (P7).
    void recount(reader.store);
    void rebuild();
    if (change.meta) void readMeta();
  });
}

function rebuild(): Promise<void> {
  working ??= work().finally(() => {
    working = null;
    // What changed while the last look was ending must not wait for the next change.
    if (everything || dirty.size > 0) void rebuild();
  });
  return working;
}

/** Resolves when the stores show everything that was on the disk when it was called. */
export async function settled(): Promise<void> {
  await working;
  await rebuild();
  await counted();
}

async function work(): Promise<void> {
  do {
    const now = reader;
    const all = everything;
    const changed = [...dirty];
    everything = false;
    dirty.clear();
    if (!now) return;
    const ids = all ? await now.store.reportIds() : changed;
    const built = await Promise.all(ids.map(async (id) => [id, viewOf(id, await partsOf(now.store, id), now.user)] as const));
    // No screen shows what is not counted yet, and none changes under a save that has not resolved.
    await counted();
    // Somebody else may have signed in while the disk was read.
    if (now !== reader) continue;
    if (all || built.length > 0) show(built, all);
  } while (everything || dirty.size > 0);
}

function show(built: (readonly [string, ReportView | null])[], all: boolean): void {
  const next = all ? new Map<string, ReportView>() : new Map(get(views));
  for (const [id, view] of built) {
    if (view) next.set(id, view);
    else next.delete(id);
  }
  views.set(next);
}

async function readMeta(): Promise<void> {
  const now = reader;
  if (!now) return;
  const [found, persons, names] = await Promise.all([
    now.store.meta<Catalog>('catalog'),
    now.store.meta<Record<string, Person>>('people'),
    now.store.meta<Record<string, DeviceName>>('devices')
  ]);
  if (now !== reader) return;
  if (found) catalogState.set(found);
  if (persons) peopleState.set(persons);
  if (names) devicesState.set(names);
}
