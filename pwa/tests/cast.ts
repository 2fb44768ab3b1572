/** A phone with the officer signed in, its store empty, and a server in memory. */
import { get } from 'svelte/store';
import { vi } from 'vitest';
import type { ReportView } from '../src/outbox/types';
import type { UserStore } from '../src/storage/user';
import { OFFICER, Server } from './server';

export type Phone = {
  server: Server;
  store: UserStore;
  outbox: typeof import('../src/outbox');
  session: typeof import('../src/session');
  engine: typeof import('../src/outbox/engine');
  sync: () => Promise<void>;
  view: (report: string) => Promise<ReportView | null>;
};

/** Begin with an empty disk and fresh modules: another life of the app on another phone. */
export async function phone(): Promise<Phone> {
  const { IDBFactory } = await import('fake-indexeddb');
  globalThis.indexedDB = new IDBFactory();
  const server = new Server();
  server.install();
  const opened = await open(server);
  await opened.session.signIn('officer', 'a long password');
  return opened;
}

/** Start the app again on the same disk. */
export async function reopen(server: Server): Promise<Phone> {
  const opened = await open(server);
  await opened.session.startOffline();
  return opened;
}

/** The service worker's own life on the same disk: nothing is shared with a page but that. */
export async function worker(): Promise<typeof import('../src/outbox/background')> {
  await freshModules();
  return import('../src/outbox/background');
}

async function freshModules(): Promise<void> {
  vi.resetModules();
  const Dexie = (await import('dexie')).default;
  Dexie.dependencies.indexedDB = globalThis.indexedDB;
}

async function open(server: Server): Promise<Phone> {
  await freshModules();
  const session = await import('../src/session');
  const outbox = await import('../src/outbox');
  const engine = await import('../src/outbox/engine');
  const stores = await import('../src/outbox/stores');
  const { storeOf } = await import('../src/outbox/here');
  stores.follow();
  const view = async (report: string): Promise<ReportView | null> => {
    await stores.settled();
    return get(outbox.report(report));
  };
  const sync = async (): Promise<void> => {
    await engine.syncNow();
    engine.stopTimer();
    await stores.settled();
  };
  return { server, store: storeOf(OFFICER.id), outbox, session, engine, sync, view };
}
