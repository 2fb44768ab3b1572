/** What counts as contact with the server, and how long the phone leaves it alone. */
import { get } from 'svelte/store';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { phone, type Phone } from './cast';
import { json, portal, problem } from './server';

let p: Phone;

beforeEach(async () => {
  p = await phone();
});

afterEach(() => {
  vi.restoreAllMocks();
  p.engine.stopTimer();
});

const words = (value: string) => [{ entity: 'report', field: 'narrative', value }];

/** Every word about the connection from now on. */
function heard(): string[] {
  const found: string[] = [];
  p.session.session.subscribe(({ online }) => found.push(online));
  // The first one is the state before.
  found.pop();
  return found;
}

describe('an answer in the server\'s place', () => {
  const elsewhere = (request: Request): Promise<Response> =>
    // What a browser does with a redirect that was forbidden.
    request.redirect === 'error' ? Promise.reject(new TypeError('redirected')) : Promise.resolve(portal());

  it.each<[string, (request: Request) => Response | Promise<Response>]>([
    ['a page of HTML', () => portal()],
    ['a redirect to another origin', elsewhere],
    ['JSON of another shape', () => json({ ok: true })],
    ['JSON that is no object', () => json(['receipts'])],
    ['nothing in JSON', () => json(null)],
    ['an empty list of receipts', () => json({ receipts: [], changes: [], forms: [] })],
    ['an error page', () => new Response('<html>', { status: 503 })]
  ])('is neither a receipt nor contact: %s', async (_, answer) => {
    p.server.down = true;
    const report = await p.outbox.newReport(words('a'));
    await p.sync();
    p.server.down = false;
    p.server.before = (request) => answer(request);
    const online = heard();
    await p.sync();
    expect((await p.store.opsOf(report))[0]?.state).toBe('pending');
    expect(await p.store.meta('last-contact')).toBeNull();
    expect(online.filter((word) => word === 'yes')).toEqual([]);
    expect(get(p.session.session)).toMatchObject({ online: 'no', needsLogin: false });
    expect(get(p.outbox.safety).error).not.toBeNull();
  });

  it('is never asked for: no request follows a redirect, with what it carries', async () => {
    const asked: string[] = [];
    p.server.before = (request) => {
      asked.push(request.redirect);
      return null;
    };
    const report = await p.outbox.newReport(words('a'));
    await p.outbox.addPhoto(report, new Blob([new Uint8Array(10)], { type: 'image/jpeg' }), {});
    p.server.sessionEnded = true;
    await p.sync();
    expect(asked.length).toBeGreaterThan(5);
    expect(new Set(asked)).toEqual(new Set(['error']));
  });

  it('gives nobody a session, a device or a token', async () => {
    p.server.before = () => json({ ok: true });
    await expect(p.session.signIn('officer', 'x')).rejects.toMatchObject({ code: 'not_holdfast' });
    await expect(p.session.sessionToken('session')).rejects.toMatchObject({ code: 'not_holdfast' });
    p.server.before = (request) => (request.url.includes('/api/devices') ? json({ ok: true }) : null);
    p.server.sessionEnded = true;
    await p.outbox.newReport(words('a'));
    await p.sync();
    // The old session's token was refused, and no other was to be had.
    expect(p.server.requests.filter((each) => each.path === '/api/push').map((each) => each.token)).toEqual(['session']);
    expect(get(p.outbox.safety).pendingOps).toBe(1);
  });

  it('is told from a problem of the server\'s own, which is contact', async () => {
    p.server.before = (request) => (request.url.includes('/api/pull') ? problem(503, 'unavailable') : null);
    await p.sync();
    expect(get(p.session.session).online).toBe('yes');
  });
});

describe('a server that asks to be left alone', () => {
  const AFTER = 40_000;

  function busy(value: string, more: Record<string, string> = {}): void {
    p.server.before = (request) => (request.url.includes('/api/push') ? problem(503, 'overloaded', { 'Retry-After': value, ...more }) : null);
  }

  /** The pause that the sender takes after a round. */
  async function pause(): Promise<number> {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    await p.engine.syncNow();
    const ms = Number(timers.mock.calls.at(-1)?.[1]);
    timers.mockRestore();
    return ms;
  }

  it.each([
    ['seconds', '40', {}],
    ['a date, by its own clock', 'Mon, 23 Nov 2026 21:00:40 GMT', { Date: 'Mon, 23 Nov 2026 21:00:00 GMT' }]
  ])('is left alone as long as it says, in %s, and all do not come back in one second', async (_, value, headers) => {
    await p.outbox.newReport(words('a'));
    busy(value, headers);
    vi.spyOn(Math, 'random').mockReturnValue(0);
    expect(await pause()).toBeCloseTo(AFTER, -3);
    vi.spyOn(Math, 'random').mockReturnValue(0.99);
    expect(await pause()).toBeGreaterThan(AFTER + 5000);
  });

  it('gets nothing more of the round', async () => {
    await p.outbox.newReport(words('a'));
    busy('40');
    await p.engine.syncNow();
    expect(p.server.requests.at(-1)?.path).toBe('/api/push');
  });

  it('hears neither a save nor the network\'s return sooner, but a person', async () => {
    const report = await p.outbox.newReport(words('a'));
    busy('40');
    const stop = p.engine.followSaves();
    await p.engine.syncNow();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    await p.outbox.save(report, words('b'));
    p.engine.comeBack();
    p.engine.wake();
    stop();
    expect(timers.mock.calls.filter(([, ms]) => Number(ms) > 1000).map(([, ms]) => Number(ms) > 38_000)).toEqual([true, true, true]);
    expect(timers.mock.calls.filter(([, ms]) => ms === 200)).toEqual([]);
    p.server.before = () => null;
    await p.sync();
    expect(get(p.outbox.safety).pendingOps).toBe(0);
  });

  it('is left alone by the work of others on this phone too', async () => {
    await p.outbox.newReport(words('left behind'));
    p.server.down = true;
    await p.session.signOut();
    p.server.down = false;
    await p.session.signIn('second', 'x');
    await p.outbox.newReport(words('a'));
    busy('40');
    await p.engine.syncNow();
    expect(p.server.requests.filter((each) => each.path === '/api/push')).toHaveLength(1);
  });
});

describe('the pause between attempts', () => {
  it('is chosen from the whole of a span that doubles up to five minutes', async () => {
    const { delay, LONGEST } = await import('../src/outbox/backoff');
    const most = (attempts: number): number => delay(attempts, null, () => 1);
    expect([0, 1, 2, 3].map(most)).toEqual([2000, 4000, 8000, 16_000]);
    expect(most(20)).toBe(LONGEST);
    expect(most(5000)).toBe(LONGEST);
    expect(LONGEST).toBe(300_000);
    expect(delay(9, null, () => 0)).toBe(0);
    expect(delay(9, null, () => 0.5)).toBe(150_000);
  });

  it('is never shorter than the server asked for', async () => {
    const { delay } = await import('../src/outbox/backoff');
    expect(delay(0, 60, () => 0)).toBe(60_000);
    expect(delay(9, 60, () => 1)).toBe(300_000);
  });
});
