/** Waking the sender: each trigger works alone, so that none of them has to be trusted. */
import { get } from 'svelte/store';
import { session } from '../session';
import { SEND, askToBeWoken } from './background';
import { comeBack, followSaves, nudge, stopTimer, retryStuck, wake, watchPoke } from './engine';
import { storeOf } from './here';
import { listen, type Poke } from './poke';
import { safety } from './safety';
import { follow } from './stores';

let started = false;

/** Follow the session and the disk, and begin to send. Called once; the stores are live from then on. */
export function start(): void {
  if (started) return;
  started = true;
  follow();
  followSaves();
  addEventListener('online', comeBack);
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  container?.addEventListener('message', (event) => {
    if ((event.data as { type?: string } | null)?.type === SEND) nudge();
  });
  document.addEventListener('visibilitychange', () => {
    const { pendingOps, pendingPhotos } = get(safety);
    if (document.visibilityState === 'visible') wake();
    // From now on this page may be frozen or ended at any moment.
    else if (pendingOps + pendingPhotos > 0) void askToBeWoken();
  });
  // The timer was stopped when the page was put away; it may be taken out again as it was.
  addEventListener('pageshow', ({ persisted }: PageTransitionEvent) => persisted && wake());
  let before: string | null = null;
  session.subscribe(({ user, needsLogin }) => {
    const now = user && `${user.id} ${needsLogin}`;
    if (now === before) return;
    before = now;
    if (user) void retryStuck(storeOf(user.id)).finally(wake);
    else wake();
  });
  pokes();
}

/** One tab at most keeps the stream, and only while it is seen: the server has a thread for each. */
function pokes(): void {
  let poke: Poke | null = null;
  let release: (() => void) | null = null;
  watchPoke(() => poke?.isOpen() ?? false);
  const wanted = (): boolean => {
    const { user, needsLogin } = get(session);
    return document.visibilityState === 'visible' && !!user && user.role !== 'admin' && !needsLogin;
  };
  const update = (): void => {
    if (!wanted()) {
      poke?.stop();
      poke = null;
      release?.();
      release = null;
    } else if (!release) {
      const held = new Promise<void>((resolve) => (release = resolve));
      void claim(held, () => {
        if (wanted() && !poke) poke = listen(wake);
      });
    }
  };
  document.addEventListener('visibilitychange', update);
  session.subscribe(update);
  addEventListener('pagehide', stopTimer);
}

/** Wait for the turn among the tabs, then keep it until `held` resolves. */
async function claim(held: Promise<void>, begin: () => void): Promise<void> {
  const locks = navigator.locks as LockManager | undefined;
  if (!locks) {
    begin();
    return held;
  }
  await locks.request('holdfast-poke', () => {
    begin();
    return held;
  });
}
