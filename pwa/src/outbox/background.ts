/**
 * Background Sync: the browser wakes the service worker when the network is back, though no page of the app is open.
 * The worker then delivers by the devices' own signatures, under the same lock as the pages.
 */
import { uploadToken } from '../session/device';
import { withLock } from '../storage/lock';
import { phone } from '../storage/phone';
import { UserStore } from '../storage/user';
import { SENDER, deliver } from './deliver';

export const SYNC_TAG = 'holdfast-send';
/** What the worker tells a page that can send by itself, with the session and with its progress in view. */
export const SEND = 'send';

type Page = { visibilityState: string; postMessage: (message: { type: string }) => void };
export type Pages = { matchAll: (which: { type: 'window'; includeUncontrolled: true }) => Promise<readonly Page[]> };

/** Answer the browser's sync event. Rejects while something is unsent: the browser then tries again later. */
export async function onSync(pages: Pages): Promise<void> {
  const open = await pages.matchAll({ type: 'window', includeUncontrolled: true });
  const seen = open.filter((page) => page.visibilityState === 'visible');
  for (const page of seen) page.postMessage({ type: SEND });
  // A page in the background may be frozen, so that only one in sight is trusted to send.
  if (seen.length === 0) await withLock(SENDER, deliverAll);
}

/** Deliver for everybody who left something on this phone; one person's trouble is not another's. */
async function deliverAll(): Promise<void> {
  let problem: unknown = null;
  for (const user of await phone.userIds()) {
    const store = new UserStore(user);
    try {
      await deliver({
        store,
        bearer: (refused) => uploadToken(user, refused),
        between: () => Promise.resolve(),
        contact: () => store.noteContact()
      });
    } catch (failed) {
      problem ??= failed;
    } finally {
      store.close();
    }
  }
  if (problem) throw problem;
}

type Syncing = ServiceWorkerRegistration & { sync?: { register: (tag: string) => Promise<void> } };

/** Ask the browser, where it can, to wake the worker once the network is there. */
export async function askToBeWoken(): Promise<void> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  const registration = (await container?.getRegistration()) as Syncing | undefined;
  // A person may have forbidden it; the other triggers do not need it.
  await registration?.sync?.register(SYNC_TAG).catch(() => undefined);
}
