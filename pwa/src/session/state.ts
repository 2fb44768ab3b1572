/** Who is using the app, and whether the server can be reached and read. */
import { get, writable } from 'svelte/store';

export type User = {
  id: string;
  username: string;
  display_name: string;
  star: string | null;
  district: string | null;
  role: 'officer' | 'desk' | 'admin';
  grants: string[];
  must_change_password: boolean;
};

export type SessionView = {
  user: User | null;
  online: 'unknown' | 'yes' | 'no';
  /** Reading needs a login; capture and delivery go on. */
  needsLogin: boolean;
};

export const state = writable<SessionView>({ user: null, online: 'unknown', needsLogin: false });

export function change(part: Partial<SessionView>): void {
  const now = get(state);
  const keys = Object.keys(part) as (keyof SessionView)[];
  if (keys.some((key) => now[key] !== part[key])) state.set({ ...now, ...part });
}

export function currentUser(): User | null {
  return get(state).user;
}
