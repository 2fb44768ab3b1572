/** Hash routes, so that a cold start needs no server: `#/report/<id>/agents` is `['report', '<id>', 'agents']`. */
import { readable, type Readable } from 'svelte/store';

/** `path` is '/report/…' without the '#', `parts` its segments, decoded. */
export type Route = { path: string; parts: string[] };

export function parseRoute(hash: string): Route {
  const path = '/' + hash.replace(/^#?\/?/, '').replace(/\/+$/, '');
  const parts = path.split('/').filter(Boolean).map(decode);
  return { path, parts };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route: Readable<Route> = readable(parseRoute(location.hash), (set) => {
  const update = () => set(parseRoute(location.hash));
  update();
  addEventListener('hashchange', update);
  return () => removeEventListener('hashchange', update);
});

/** Go to a path such as '/report/<id>'. `replace` leaves no step behind in the history. */
export function navigate(path: string, options: { replace?: boolean } = {}): void {
  const hash = '#/' + path.replace(/^#?\/?/, '');
  if (options.replace) {
    history.replaceState(null, '', hash);
    dispatchEvent(new HashChangeEvent('hashchange'));
  } else {
    location.hash = hash;
  }
}
