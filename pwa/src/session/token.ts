/** The access token, in memory only, and its renewal by the refresh cookie. */
import { isLoginRequired, json, jsonCall, send, type Bearer } from '../api/request';
import { ApiProblem } from '../api/problem';
import { withLock } from '../storage/lock';
import { phone } from '../storage/phone';
import { change, currentUser, type User } from './state';

export type Granted = { access_token: string; expires_in: number; user: User };

export function isGranted(found: Granted): boolean {
  return typeof found.access_token === 'string' && typeof found.user?.id === 'string';
}

let access: { token: string; user: string; until: number } | null = null;
/** By user: who signs in while another's renewal is on its way must never be given that other's token. */
const renewing = new Map<string, Promise<string | null>>();
/** After a refusal the server is not asked again for a while; a login in another tab may have helped by then. */
let refusedUntil = 0;
const REFUSAL_RESTS = 60_000;

/** Keep a token; it counts as used up a little early, so that none expires on the way. */
export function keep(granted: Granted): void {
  const life = Math.max(granted.expires_in - 30, 5) * 1000;
  access = { token: granted.access_token, user: granted.user.id, until: Date.now() + life };
  refusedUntil = 0;
}

export function forget(): void {
  access = null;
}

/** A token of the present user for reading, renewed where it must be; null where reading needs a login. */
export async function sessionToken(refused?: string): Promise<string | null> {
  const user = currentUser();
  if (!user) return null;
  if (access && access.user === user.id && access.token !== refused && access.until > Date.now()) return access.token;
  if (refusedUntil > Date.now()) return null;
  const begun = renewing.get(user.id) ?? renew(user.id).finally(() => renewing.delete(user.id));
  renewing.set(user.id, begun);
  return begun;
}

/**
 * The tokens for reading as one user: null as soon as somebody else, or nobody, is signed in. Whoever writes what
 * was read into that user's store must use these, because on a shared phone the present user changes at any await.
 */
export function readingBearer(user: string): Bearer {
  return (refused) => (currentUser()?.id === user ? sessionToken(refused) : Promise.resolve(null));
}

/**
 * Exchange the refresh cookie for a new token; null where the server says that a login is needed.
 * Under a lock: two tabs that spend one cookie at the same moment look like a stolen one, and the session would end.
 */
async function renew(user: string): Promise<string | null> {
  return withLock('holdfast-refresh', async () => {
    try {
      const granted = await json<Granted>(await send('/api/session/refresh', jsonCall('POST', {})), isGranted);
      if (granted.user.id !== user) {
        // On a shared phone the cookie may be another user's by now: it must not read as this one.
        if (currentUser()?.id === user) change({ needsLogin: true });
        return null;
      }
      keep(granted);
      await phone.rememberUser(granted.user);
      if (currentUser()?.id === user) change({ user: granted.user, needsLogin: false });
      return granted.access_token;
    } catch (failed) {
      if (!isLoginRequired(failed) && !isSuspended(failed)) throw failed;
      forget();
      refusedUntil = Date.now() + REFUSAL_RESTS;
      if (currentUser()?.id === user) change({ needsLogin: true });
      return null;
    }
  });
}

function isSuspended(failed: unknown): boolean {
  return failed instanceof ApiProblem && failed.status === 403;
}
