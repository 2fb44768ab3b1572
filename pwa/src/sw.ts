/// <reference lib="webworker" />
/**
 * The service worker: it makes the app start without a network, and delivers where no page is open to do it. It holds
 * the app's own files, never an answer of the API, and no queue: what is to be delivered lives in the outbox, where it
 * was read back.
 */
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';
import { SYNC_TAG, onSync } from './outbox/background';

declare const self: ServiceWorkerGlobalScope;

cleanupOutdatedCaches();
precacheAndRoute(self.__WB_MANIFEST);
registerRoute(
  new NavigationRoute(createHandlerBoundToURL('/index.html'), {
    denylist: [/^\/api(\/|$)/, /^\/(healthz|readyz|metrics)$/]
  })
);

// A new worker waits until the person agrees: a page must not lose its files under somebody's hands.
self.addEventListener('message', (event) => {
  if ((event.data as { type?: string } | null)?.type === 'take-over') void self.skipWaiting();
});

// The first worker takes the open page at once, so that the next start may already be without a network.
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

type SyncEvent = ExtendableEvent & { tag: string };

// Not in the library's types: only some browsers have it.
self.addEventListener('sync' as 'activate', (event) => {
  if ((event as SyncEvent).tag === SYNC_TAG) event.waitUntil(onSync(self.clients));
});
