/** The device: a signing key that cannot leave this phone, enrolled for one user, and delivery on its strength. */
import { json, jsonCall, send, sendAs, isLoginRequired, type Bearer } from '../api/request';
import { ApiProblem } from '../api/problem';
import { withLock } from '../storage/lock';
import { phone, type KeyRow } from '../storage/phone';
import { UserStore } from '../storage/user';
import { signJws } from './jws';

export type Device = { id: string; user: string; privateKey: CryptoKey };

const ENROL = '/api/devices';

/** The enrolled device of a user on this phone; null before enrolment, or after it was revoked. */
export async function deviceOf(user: string): Promise<Device | null> {
  const row = (await phone.keysOf(user)).find((each) => each.device && !each.revoked);
  return row?.device ? { id: row.device, user, privateKey: row.privateKey } : null;
}

/** Whether the user had a device here that was revoked. Only a sign-in, with the password, enrols a new one. */
export async function wasRevoked(user: string): Promise<boolean> {
  return (await phone.keysOf(user)).some((each) => each.revoked);
}

/**
 * Tell the server of this phone's key for a user, at every sign-in: one that was restored to before the enrolment has
 * forgotten it. The key is on disk before the server hears of it. Raises ApiProblem.
 */
export async function enrol(user: string, bearer: Bearer): Promise<Device> {
  return withLock(`holdfast-enrol-${user}`, async () => {
    const rows = (await phone.keysOf(user)).filter((each) => !each.revoked);
    const row = rows.find((each) => each.device) ?? rows[0] ?? (await makeKey(user));
    try {
      return await register(row, bearer);
    } catch (failed) {
      if (!(failed instanceof ApiProblem)) throw failed;
      const known = await deviceOf(user);
      if (failed.code !== 'key_taken') {
        // It was enrolled once, and the next sign-in asks again.
        if (known) return known;
        throw failed;
      }
      // Revoked, perhaps before we heard of it: only a new key helps.
      await phone.putKey({ ...row, revoked: true });
      return register(await makeKey(user), bearer);
    }
  });
}

async function register(row: KeyRow, bearer: Bearer): Promise<Device> {
  const given = { name: deviceName(), public_jwk: row.publicJwk };
  const { id } = await withNonce(async (nonce) => {
    // The id that it knows, and that it is this phone's: what it signed so far names it.
    const shown = row.device ? { assertion: await assertion(row, nonce) } : {};
    const answer = await sendAs(bearer, ENROL, jsonCall('POST', { ...given, ...shown }));
    return json<{ id: string }>(answer, (found) => typeof found.id === 'string');
  });
  await phone.putKey({ ...row, device: id });
  const kept = await deviceOf(row.user);
  if (kept?.id !== id) throw new ApiProblem(0, 'storage_failed', 'This browser did not keep the device key.', 'never');
  await sendAgain(row.user, id);
  return kept;
}

/** What a server refused that had forgotten the device is believed now: it goes out once more. */
async function sendAgain(user: string, device: string): Promise<void> {
  const { db } = new UserStore(user);
  try {
    const unbelieved = db.ops.where({ state: 'refused' }).and((op) => op.device === device && op.reason === 'unknown_device');
    await unbelieved.modify({ state: 'pending', seq: null, settledAt: null });
  } finally {
    db.close();
  }
}

async function makeKey(user: string): Promise<KeyRow> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const publicJwk = { kty, crv, x, y } as JsonWebKey;
  const row: KeyRow = {
    id: crypto.randomUUID(),
    user,
    device: null,
    privateKey: pair.privateKey,
    publicJwk,
    madeAt: new Date().toISOString(),
    revoked: false
  };
  await phone.putKey(row);
  return row;
}

/** Remember that the server revoked a device: the next sign-in enrols a new one. Its unsent ops stay to be delivered. */
export async function markRevoked(device: string): Promise<void> {
  await phone.db.keys.where({ device }).modify({ revoked: true });
}

/** Sign an op's payload: compact JWS, ES256, `kid` the device. */
export async function signOp(device: Device, text: string): Promise<string> {
  return signJws(device.privateKey, { alg: 'ES256', kid: device.id, typ: 'holdfast-op+jws' }, text);
}

type UploadToken = { token: string; until: number };
const uploadTokens = new Map<string, UploadToken>();

/**
 * A token for delivery on the device's signature alone, for a user whose session has ended or who is not here.
 * Every key of the user is tried, a revoked one last: what it signed must still arrive.
 */
export async function uploadToken(user: string, refused?: string): Promise<string | null> {
  const held = uploadTokens.get(user);
  if (held && held.token !== refused && held.until > Date.now()) return held.token;
  uploadTokens.delete(user);
  const rows = (await phone.keysOf(user)).filter((each) => each.device);
  for (const row of rows.sort((a, b) => Number(a.revoked) - Number(b.revoked))) {
    const granted = await exchange(row);
    if (!granted) continue;
    if (granted.revoked && row.device) await markRevoked(row.device);
    const until = Date.now() + Math.max(granted.expires_in - 30, 5) * 1000;
    uploadTokens.set(user, { token: granted.access_token, until });
    return granted.access_token;
  }
  return null;
}

type Exchanged = { access_token: string; expires_in: number; revoked?: boolean };

async function exchange(row: KeyRow): Promise<Exchanged | null> {
  try {
    return await withNonce(async (nonce) => {
      const answer = await send('/api/devices/token', jsonCall('POST', { assertion: await assertion(row, nonce) }));
      return json<Exchanged>(answer, (found) => typeof found.access_token === 'string');
    });
  } catch (failed) {
    if (isLoginRequired(failed)) return null;
    throw failed;
  }
}

/** Ask, and once more with the nonce that the server offers: the phone's clock is far off, and it takes its place. */
async function withNonce<T>(ask: (nonce?: string) => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (failed) {
    const offered = failed instanceof ApiProblem ? failed.extra['nonce'] : undefined;
    if (typeof offered === 'string') return ask(offered);
    throw failed;
  }
}

/** Seconds for which an assertion holds; the server takes no longer ones than five minutes. */
const LIFE = 120;

async function assertion(row: KeyRow, nonce?: string): Promise<string> {
  const device = row.device ?? '';
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: device, aud: 'holdfast', iat: now, exp: now + LIFE, jti: crypto.randomUUID() };
  const text = JSON.stringify(nonce === undefined ? claims : { nonce, ...claims });
  return signJws(row.privateKey, { alg: 'ES256', kid: device }, text);
}

/** A name by which a person tells their devices apart. Nothing in it identifies the phone itself. */
function deviceName(): string {
  const agent = navigator.userAgent;
  const kinds: [RegExp, string][] = [
    [/iPhone/, 'iPhone'],
    [/iPad/, 'iPad'],
    [/Android/, 'Android phone'],
    [/Mac/, 'Mac'],
    [/Windows/, 'Windows computer'],
    [/Linux/, 'Linux computer']
  ];
  return kinds.find(([pattern]) => pattern.test(agent))?.[1] ?? 'Device';
}
