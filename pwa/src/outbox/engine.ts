/** The sender: one cycle at a time, one among the tabs, woken by saves, events, timers, pokes and people. */
import { get } from 'svelte/store';
import { ApiProblem, OFFLINE, STRANGER, TIMED_OUT } from '../api/problem';
import { currentUser, deliveryBearer, readingBearer, session } from '../session';
import { withLock } from '../storage/lock';
import { phone } from '../storage/phone';
import type { UserStore } from '../storage/user';
import { askToBeWoken } from './background';
import { delay, jittered } from './backoff';
import { changed, onChange } from './bus';
import { refreshCatalog } from './catalog';
import { refreshContacts } from './contacts';
import { SENDER, deliver } from './deliver';
import { storeOf } from './here';
import { sendPhotos } from './photos';
import { prune, pull } from './pull';
import { pushPending, type Delivery } from './push';
import { showError, showStep } from './safety';
import { ReportFailed, restNoMore, ticks } from './trouble';

const POLL = 25_000;
const POLL_BESIDE_POKE = 75_000;
const GATHER = 200;
const SOON = 1000;

let running: Promise<void> | null = null;
let wanted = false;
/** Set beside `wanted`, and taken back where the present user's ops went out between the parts of a photo. */
let unsent = false;
/** The server asked for what it had lost: another round follows, though nobody woke the sender. */
let again = false;
let late: ApiProblem | null = null;
let attempts = 0;
/** Until then the server asked to be left alone; only a person is heard sooner. */
let notBefore = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let pokeIsOpen: () => boolean = () => false;

/** Ask for a cycle soon; many wishes become one. */
export function wake(): void {
  wanted = true;
  unsent = true;
  if (!running) schedule(GATHER);
}

/** The network may be back: nothing waits any longer for what failed without it. */
export function comeBack(): void {
  attempts = 0;
  restNoMore();
  wake();
}

/** The worker asks; while a cycle runs it is on its way already. */
export function nudge(): void {
  if (!running) wake();
}

/** Be woken by each save, in this tab or another: the tab that sends may not be the one that writes. */
export function followSaves(): () => void {
  return onChange((change) => {
    if (!change.saved) return;
    wake();
    // This page may be closed before it could send.
    void askToBeWoken();
  });
}

/** Run a cycle now, because a person asks for it; resolves when it ended, well or not: `safety` tells. */
export async function syncNow(): Promise<void> {
  attempts = 0;
  restNoMore();
  await running;
  await run();
}

export function watchPoke(isOpen: () => boolean): void {
  pokeIsOpen = isOpen;
}

export function stopTimer(): void {
  clearTimeout(timer);
}

function schedule(ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => void run(), Math.max(ms, notBefore - ticks()));
}

function run(): Promise<void> {
  running ??= loop().finally(() => {
    running = null;
    if (wanted && attempts === 0) schedule(GATHER);
  });
  return running;
}

async function loop(): Promise<void> {
  clearTimeout(timer);
  let problem: ApiProblem | null = null;
  do {
    wanted = false;
    again = false;
    problem = await withLock(SENDER, cycle);
  } while ((wanted || again) && (!problem || problem instanceof ReportFailed));
  showStep(null);
  showError(problem && { code: problem.code, detail: problem.detail });
  // Where the browser thinks that the network is there it would wake us at once, again and again.
  if (problem && !navigator.onLine) void askToBeWoken();
  schedule(pauseAfter(problem));
}

function pauseAfter(problem: ApiProblem | null): number {
  const poll = jittered(pokeIsOpen() ? POLL_BESIDE_POKE : POLL);
  if (problem && !(problem instanceof ReportFailed)) {
    const pause = delay(attempts++, problem.retryAfter);
    if (problem.retryAfter !== null) notBefore = ticks() + pause;
    // What was saved during a failing cycle does not wait as long as what keeps failing.
    return wanted ? Math.min(pause, SOON) : pause;
  }
  attempts = 0;
  // One report's trouble slows down neither the others nor the reading.
  return problem ? Math.min(poll, Math.max(SOON, problem.until - ticks())) : poll;
}

/** Everything once, for the present user and then for others with unsent work; the problem met, or null. */
async function cycle(): Promise<ApiProblem | null> {
  const user = get(session).user;
  let problem: ApiProblem | null = null;
  unsent = false;
  late = null;
  try {
    if (user) await serve(storeOf(user.id), user.role === 'admin');
  } catch (failed) {
    // What met somebody who is gone is no concern of whoever is here now.
    if (currentUser()?.id === user?.id) problem = asProblem(failed);
  }
  // On a shared phone the work of somebody who signed out is still delivered, by the device's own signature.
  for (const other of await phone.userIds()) {
    if (other === user?.id || (problem && endsCycle(problem))) continue;
    await deliver({ ...deliveryTo(storeOf(other)), between }).catch(asProblem);
  }
  return problem ?? late;
}

/** Between the parts of anybody's photo: the present user's new ops go first, a hold before all (P6). */
async function between(): Promise<void> {
  const user = currentUser();
  if (!unsent || !user || user.role === 'admin') return;
  unsent = false;
  try {
    await pushPending(deliveryOf(storeOf(user.id)));
  } catch (failed) {
    if (endsCycle(failed)) throw failed;
    // The ops' trouble is not the photo's.
    late = asProblem(failed);
  }
}

async function serve(store: UserStore, isAdmin: boolean): Promise<void> {
  if (isAdmin) return refreshCatalog(store, readingBearer(store.user));
  const delivery = deliveryOf(store);
  const failed: unknown[] = [];
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (problem) {
      if (endsCycle(problem)) throw problem;
      failed.push(problem);
    }
  };
  await attempt(() => pushPending(delivery));
  await attempt(() => fetchChanges(store));
  await attempt(async () => {
    if ((await sendPhotos({ ...delivery, between })) > 0) await fetchChanges(store);
  });
  await prune(store);
  // What concerns the server as a whole is told before one report's trouble.
  const problem = failed.find((each) => !(each instanceof ReportFailed)) ?? failed[0];
  if (problem) throw problem;
}

async function fetchChanges(store: UserStore): Promise<void> {
  // Reading needs a session; without one only delivery goes on.
  const bearer = readingBearer(store.user);
  if (!(await bearer())) return;
  showStep('Fetching changes');
  await refreshCatalog(store, bearer);
  if (await pull(store, bearer, () => noteContact(store))) again = true;
  void refreshContacts();
}

function deliveryOf(store: UserStore): Delivery {
  return { ...deliveryTo(store), step: showStep };
}

function deliveryTo(store: UserStore): Delivery {
  return { store, bearer: deliveryBearer(store.user), contact: () => noteContact(store) };
}

async function noteContact(store: UserStore): Promise<void> {
  await store.noteContact();
  changed({ user: store.user, reports: [] });
}

/** Nobody there, not ours, or somebody who asks to be left alone: the rest of the cycle would meet the same. */
function endsCycle(problem: unknown): boolean {
  if (!(problem instanceof ApiProblem) || problem instanceof ReportFailed) return false;
  const isSilent = [OFFLINE, TIMED_OUT, STRANGER].includes(problem.code);
  return isSilent || (problem.retryAfter !== null && [429, 503].includes(problem.status));
}

function asProblem(failed: unknown): ApiProblem {
  if (failed instanceof ApiProblem) return failed;
  // A fault of this app or of the browser's storage: tell it, and try again.
  const detail = failed instanceof Error ? failed.name : 'unknown';
  return new ApiProblem(0, 'app_failed', `Something failed on this device (${detail}). It is tried again.`, 'backoff');
}

/** Give ops that the server could not read another chance, once in each life of the app: it may be a newer one. */
export async function retryStuck(store: UserStore): Promise<void> {
  await store.db.ops.where({ state: 'stuck' }).modify({ state: 'pending', reason: null, settledAt: null });
  await store.db.photos.where({ state: 'stuck' }).modify({ state: 'pending', reason: null });
}
