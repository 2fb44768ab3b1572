/** The service worker: registered by the page, and a new one takes over only when the person agrees. */
import { writable, type Readable } from 'svelte/store';

const HOUR = 3_600_000;
const waiting = writable<ServiceWorker | null>(null);

/** True while a newer version of the app is ready and waits. */
export const updateReady: Readable<ServiceWorker | null> = { subscribe: waiting.subscribe };

export async function registerWorker(): Promise<void> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (!container || !import.meta.env.PROD) return;
  const registration = await container.register('/sw.js');
  watch(registration, container);
  const look = (): void => {
    // Without a network there is nothing newer to be had.
    registration.update().catch(() => undefined);
  };
  setInterval(look, HOUR);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && look());
}

function watch(registration: ServiceWorkerRegistration, container: ServiceWorkerContainer): void {
  const offer = (worker: ServiceWorker | null): void => {
    // Without a controller this is the first worker: there is no older page to replace.
    if (worker?.state === 'installed' && container.controller) waiting.set(worker);
  };
  offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing;
    worker?.addEventListener('statechange', () => offer(worker));
  });
}

/** Let the waiting worker take over, and start the page again with the new version. */
export function update(worker: ServiceWorker): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  worker.postMessage({ type: 'take-over' });
}
