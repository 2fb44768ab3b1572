/** Short messages to the person. App.svelte shows them; anything may call `toast`. */
import { writable } from 'svelte/store';

export type ToastMessage = { id: number; text: string; kind: 'done' | 'error' };

export const toasts = writable<ToastMessage[]>([]);
let next = 1;

/** Show a message. An error stays until it is dismissed: it must not pass unread. */
export function toast(text: string, kind: 'done' | 'error' = 'done'): void {
  const id = next++;
  toasts.update((shown) => [...shown.slice(-3), { id, text, kind }]);
  if (kind === 'done') setTimeout(() => dismiss(id), 6000);
}

export function dismiss(id: number): void {
  toasts.update((shown) => shown.filter((each) => each.id !== id));
}
