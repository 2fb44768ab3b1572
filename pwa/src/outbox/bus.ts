/** Word that something on the disk changed: to this tab's stores, and to the other tabs of this browser. */

/** `saved`: a person wrote it, so that it waits to be sent; the sender's own changes must not wake the senders. */
export type Change = { user: string; reports: string[] | 'all'; meta?: boolean; saved?: boolean };

const CHANNEL = 'holdfast-changes';
const listeners = new Set<(change: Change) => void>();
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(CHANNEL);

channel?.addEventListener('message', (event: MessageEvent<Change>) => tell(event.data));
// In Node, for the tests, an open channel would keep the process alive.
(channel as { unref?: () => void } | null)?.unref?.();

/** Say what changed, after the transaction that changed it. */
export function changed(change: Change): void {
  tell(change);
  channel?.postMessage(change);
}

export function onChange(listener: (change: Change) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(change: Change): void {
  for (const listener of listeners) listener(change);
}
