/** Devices that are behind with their ops, as they told the server last. Asked for only while somebody looks. */
import { writable, type Readable } from 'svelte/store';
import { ApiProblem } from '../api/problem';
import { json, sendAs } from '../api/request';
import { currentUser, readingBearer, session } from '../session';
import type { Contact } from '../sync/types';
import { ticks } from './trouble';

const REST = 30_000;

let looking = false;
let asked = -Infinity;
let timer: ReturnType<typeof setTimeout> | undefined;

const state = writable<Contact[]>([], () => {
  looking = true;
  void refreshContacts();
  return () => {
    looking = false;
    clearTimeout(timer);
  };
});

let reader: string | undefined;
session.subscribe(({ user }) => {
  if (user?.id === reader) return;
  reader = user?.id;
  asked = -Infinity;
  state.set([]);
  void refreshContacts();
});

/** The devices that hold ops back, or of whose ops some have not come: an officer's own, for a desk its reports'. */
export function contacts(): Readable<Contact[]> {
  return { subscribe: state.subscribe };
}

/** Ask again, where somebody looks; at most every 30 seconds, and then once more for what was asked meanwhile. */
export async function refreshContacts(now: number = ticks()): Promise<void> {
  const user = currentUser();
  if (!looking || !user || user.role === 'admin') return;
  clearTimeout(timer);
  if (now - asked < REST) {
    timer = setTimeout(() => void refreshContacts(), REST - (now - asked));
    return;
  }
  asked = now;
  try {
    const answer = await sendAs(readingBearer(user.id), '/api/contacts');
    const found = await json<{ contacts: Contact[] }>(answer, (each) => Array.isArray(each.contacts));
    if (currentUser()?.id === user.id) state.set(found.contacts);
  } catch (failed) {
    // What was told last stays in view: it bears its time.
    if (!(failed instanceof ApiProblem)) throw failed;
  }
}
