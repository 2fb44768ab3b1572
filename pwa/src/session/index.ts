/** Signing in and out, and starting without a network. Raises ApiProblem where the server refuses or is away. */
import type { Readable } from 'svelte/store';
import { useBearer } from '../api/client';
import { ApiProblem, STRANGER } from '../api/problem';
import { json, jsonCall, onContact, send, sendAs, type Bearer } from '../api/request';
import { phone } from '../storage/phone';
import { enrol, uploadToken } from './device';
import { change, currentUser, state, type SessionView, type User } from './state';
import { forget, isGranted, keep, readingBearer, sessionToken, type Granted } from './token';

export type { SessionView, User } from './state';
export { currentUser } from './state';
export { deviceOf, markRevoked, signOp, wasRevoked, type Device } from './device';
export { readingBearer, sessionToken } from './token';

const LAST_USER = 'last-user';
const END_SESSION = 'end-session';

export const session: Readable<SessionView> = { subscribe: state.subscribe };

useBearer(sessionToken);
onContact((reached) => change({ online: reached ? 'yes' : 'no' }));

/** Sign in, and enrol this phone for the user. Raises ApiProblem. */
export async function signIn(username: string, password: string): Promise<void> {
  // An answer to the old session's end would take the new session's cookie away.
  await ending;
  const granted = await json<Granted>(await send('/api/session', jsonCall('POST', { username, password })), isGranted);
  await begin(granted);
}

async function begin(granted: Granted): Promise<void> {
  keep(granted);
  if (!granted.user.must_change_password) await enrolFor(granted.user, () => Promise.resolve(granted.access_token));
  await phone.rememberUser(granted.user);
  await phone.setMeta(LAST_USER, granted.user.id);
  await phone.setMeta(END_SESSION, false);
  change({ user: granted.user, needsLogin: false, online: 'yes' });
  // Without this the browser may clear the store when space is short.
  // Some browsers ask the person, and the sign-in does not wait for the answer.
  navigator.storage?.persist?.().catch(() => undefined);
}

/** An admin writes no report and so has no device. */
async function enrolFor(user: User, bearer: Bearer): Promise<void> {
  if (user.role !== 'admin') await enrol(user.id, bearer);
}

/** Sign out. Unsent work stays on the phone and is still delivered. */
export async function signOut(): Promise<void> {
  await phone.setMeta(LAST_USER, null);
  await phone.setMeta(END_SESSION, true);
  forget();
  change({ user: null, needsLogin: false });
  await endSession();
}

let ending: Promise<void> = Promise.resolve();

/** End the server's session now, or at the next start where the server is away. */
function endSession(): Promise<void> {
  ending = tryToEnd();
  return ending;
}

async function tryToEnd(): Promise<void> {
  try {
    await send('/api/session', { method: 'DELETE' });
    await phone.setMeta(END_SESSION, false);
  } catch (failed) {
    if (!(failed instanceof ApiProblem)) throw failed;
  }
}

/** Cold start: take up the last user of this phone from storage, without a network. False where there is none. */
export async function startOffline(): Promise<boolean> {
  if (await phone.meta<boolean>(END_SESSION)) void endSession();
  const last = await phone.meta<string>(LAST_USER);
  const user = last ? await phone.user<User>(last) : null;
  if (!user) return false;
  change({ user });
  // The token is fetched beside the start, never before it.
  sessionToken().catch(() => undefined);
  return true;
}

/** Change the own password, and finish what a first sign-in had to leave. Raises ApiProblem. */
export async function changePassword(current: string, next: string): Promise<void> {
  await sendAs(sessionToken, '/api/session/password', jsonCall('POST', { current, new: next }));
  const user = currentUser();
  if (!user) return;
  const changed = { ...user, must_change_password: false };
  await enrolFor(changed, readingBearer(user.id));
  await phone.rememberUser(changed);
  change({ user: changed });
}

/**
 * The tokens for delivering a user's work: the session's where that user is here, else the device's own signature,
 * so that an ended session strands nothing.
 */
export function deliveryBearer(user: string): Bearer {
  return async (refused) => {
    const here = currentUser()?.id === user;
    const token = here ? await sessionIfAny(refused) : null;
    return token && token !== refused ? token : uploadToken(user, refused);
  };
}

/** The session's token; null also where the server fails at renewing it, as long as it can be reached at all. */
async function sessionIfAny(refused?: string): Promise<string | null> {
  try {
    return await sessionToken(refused);
  } catch (failed) {
    const answered = failed instanceof ApiProblem && failed.status > 0 && failed.code !== STRANGER;
    if (answered) return null;
    throw failed;
  }
}
