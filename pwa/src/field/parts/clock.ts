/** The time, for "2 h ago" and days left: moves every half minute while a screen shows it. */
import { readable } from 'svelte/store';

export const clock = readable(Date.now(), (set) => {
  set(Date.now());
  const timer = setInterval(() => set(Date.now()), 30_000);
  return () => clearInterval(timer);
});
