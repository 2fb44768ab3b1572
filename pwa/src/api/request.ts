/** One request to the server: with a time limit, with a token, and every failure an ApiProblem. */
import { ApiProblem, NoToken, offline, problemOf, STRANGER, stranger, timedOut } from './problem';

/** Gives the token for a request, and a newer one after the server refused `refused`; null where there is none. */
export type Bearer = (refused?: string) => Promise<string | null>;

export type Call = {
  method?: string;
  headers?: Record<string, string>;
  body?: BodyInit | null;
  /** Milliseconds; a network that swallows packets must not hold the sender for ever. */
  timeout?: number;
};

export const TIMEOUT = 30_000;
const NOT_MODIFIED = 304;

/** The server's clock as its last answer told it, and when that was by the clock that nobody can set. */
let told: { server: number; here: number } | null = null;

/** The time by the server's clock; null where it has not answered in this life of the app. */
export function serverNow(): number | null {
  return told && told.server + (performance.now() - told.here);
}

type Contact = (reached: boolean) => void;
let contact: Contact = () => undefined;

/** Be told whenever it shows whether the server can be reached: only this decides, never `navigator.onLine`. */
export function onContact(listener: Contact): void {
  contact = listener;
}

/** Say that an answer was the server's own. Whoever reads an answer says so, because a portal too answers with 200. */
export function reached(): void {
  contact(true);
}

/** Say that something else answered; the problem to raise. */
export function notOurs(response: Response): ApiProblem {
  contact(false);
  return stranger(response.status);
}

/** Send a request without a token. Raises ApiProblem unless the answer is a success or "not modified". */
export async function send(path: string, call: Call = {}): Promise<Response> {
  const response = await reach(new Request(new URL(path, location.origin), init(call)));
  if (!response.ok && response.status !== NOT_MODIFIED) throw await problemOf(response);
  return response;
}

/** Send a request with a token, and once more with a newer one after 401. Raises ApiProblem; NoToken before it went. */
export async function sendAs(bearer: Bearer, path: string, call: Call = {}): Promise<Response> {
  let token = await tokenOf(bearer);
  for (;;) {
    const headers = { ...call.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    try {
      return await send(path, { ...call, headers });
    } catch (failed) {
      const next = token && isLoginRequired(failed) ? await tokenOf(bearer, token) : null;
      // The same token would be refused again, and again.
      if (!next || next === token) throw failed;
      token = next;
    }
  }
}

async function tokenOf(bearer: Bearer, refused?: string): Promise<string | null> {
  try {
    return await bearer(refused);
  } catch (failed) {
    throw failed instanceof ApiProblem ? new NoToken(failed) : failed;
  }
}

/**
 * Read a JSON answer that `isOurs` knows by its shape. HTML with status 200 is what captive portals send, and some
 * send JSON: neither is an answer of ours, nor contact. Raises ApiProblem.
 */
export async function json<T>(response: Response, isOurs: (found: T) => boolean): Promise<T> {
  if (!(response.headers.get('Content-Type') ?? '').includes('application/json')) throw notOurs(response);
  let found: T | null;
  try {
    found = (await response.json()) as T | null;
  } catch (failed) {
    // Cut off half way.
    throw silence(failed);
  }
  if (typeof found !== 'object' || found === null || !isOurs(found)) throw notOurs(response);
  const date = Date.parse(response.headers.get('Date') ?? '');
  if (!Number.isNaN(date)) told = { server: date, here: performance.now() };
  contact(true);
  return found;
}

function silence(failed: unknown): ApiProblem {
  contact(false);
  return failed instanceof DOMException && failed.name === 'TimeoutError' ? timedOut() : offline();
}

export function jsonCall(method: string, body: unknown): Call {
  return { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
}

export function isLoginRequired(failed: unknown): boolean {
  return failed instanceof ApiProblem && failed.status === 401 && failed.code !== STRANGER;
}

function init(call: Call): RequestInit {
  return {
    method: call.method ?? 'GET',
    headers: { Accept: 'application/json', ...call.headers },
    body: call.body ?? null,
    cache: 'no-store',
    credentials: 'same-origin',
    redirect: 'error',
    signal: AbortSignal.timeout(call.timeout ?? TIMEOUT)
  };
}

/**
 * Fetch, and learn from a failure whether the server is there; of a success its reader must judge. Raises ApiProblem
 * `offline` where nobody answered, or somebody sent us elsewhere.
 */
export async function reach(request: Request): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(request);
  } catch (failed) {
    throw silence(failed);
  }
  const isProblem = (response.headers.get('Content-Type') ?? '').includes('application/problem+json');
  if (isProblem) contact(true);
  else if (!response.ok && response.status !== NOT_MODIFIED) contact(false);
  return response;
}
