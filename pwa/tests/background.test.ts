/** The service worker's own delivery: with no page open, by the devices' signatures, never beside another sender. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Pages } from '../src/outbox/background';
import { phone, worker, type Phone } from './cast';
import { withLocks } from './page';
import { problem } from './server';

let p: Phone;
let report: string;

beforeEach(async () => {
  p = await phone();
  await p.sync();
  report = await p.outbox.newReport(words('a'));
  p.server.requests = [];
});

afterEach(() => p.engine.stopTimer());

const words = (value: string) => [{ entity: 'report', field: 'narrative', value }];
const states = async () => (await p.store.opsOf(report)).map((op) => op.state);
const sent = () => p.server.requests.filter((each) => each.path === '/api/push').map((each) => each.token);

function pages(...open: string[]): Pages & { told: unknown[] } {
  const told: unknown[] = [];
  const postMessage = (message: unknown): unknown => told.push(message);
  return { told, matchAll: () => Promise.resolve(open.map((visibilityState) => ({ visibilityState, postMessage }))) };
}

describe('the worker', () => {
  it('delivers ops and photos where no page is open', async () => {
    const picture = new Blob([new Uint8Array(1_500_000)], { type: 'image/jpeg' });
    const photo = await p.outbox.addPhoto(report, picture, {});
    await p.outbox.holdFootage(report, { wearer_star: '12345' });
    const { onSync } = await worker();
    await onSync(pages());
    expect(await states()).toEqual(['acked', 'acked', 'acked']);
    expect(await p.store.db.photos.get(photo)).toMatchObject({ state: 'done' });
    expect(p.server.pushes().map((ops) => ops.map((op) => op.kind))).toEqual([['hold'], ['edit', 'edit']]);
    expect(sent()).toEqual(['upload', 'upload']);
    expect(await p.store.meta('last-contact')).not.toBeNull();
  });

  it('reads nothing: that needs a person who is signed in', async () => {
    const { onSync } = await worker();
    await onSync(pages());
    expect(p.server.requests.map((each) => each.path)).toEqual(['/api/devices/token', '/api/push']);
  });

  it('leaves it to a page in sight, and trusts none that is not', async () => {
    const { onSync } = await worker();
    const seen = pages('hidden', 'visible');
    await onSync(seen);
    expect(seen.told).toEqual([{ type: 'send' }]);
    expect(sent()).toEqual([]);
    const hidden = pages('hidden');
    await onSync(hidden);
    expect(hidden.told).toEqual([]);
    expect(await states()).toEqual(['acked']);
  });

  it('asks for nothing where nothing waits', async () => {
    await p.sync();
    p.server.requests = [];
    const { onSync } = await worker();
    await onSync(pages());
    expect(p.server.requests).toEqual([]);
  });

  it('fails while something is unsent, so that the browser wakes it again', async () => {
    p.server.down = true;
    const { onSync } = await worker();
    await expect(onSync(pages())).rejects.toMatchObject({ code: 'offline' });
    p.server.down = false;
    p.server.before = (request) => (request.url.includes('/api/push') ? problem(503, 'too_busy', { 'Retry-After': '30' }) : null);
    await expect(onSync(pages())).rejects.toMatchObject({ code: 'too_busy' });
    expect(await states()).toEqual(['pending']);
  });

  it('delivers for everybody on the phone; one person\'s trouble is not another\'s', async () => {
    await p.session.signOut();
    await p.session.signIn('second', 'x');
    await p.outbox.newReport(words('b'));
    p.server.requests = [];
    const { onSync } = await worker();
    let tokens = 0;
    p.server.before = (request) => (request.url.endsWith('/api/devices/token') && ++tokens === 1 ? problem(500, 'internal') : null);
    await expect(onSync(pages())).rejects.toMatchObject({ code: 'internal' });
    expect(p.server.stored.size).toBe(1);
    await onSync(pages());
    expect(p.server.stored.size).toBe(2);
  });

  it('tells the pages what it changed', async () => {
    const { onSync } = await worker();
    await onSync(pages('hidden'));
    await vi.waitFor(async () => expect(await p.view(report)).toMatchObject({ pending: 0 }));
  });

  it('waits for a page that is sending, and then finds nothing left to send', async () => {
    const locks = withLocks();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    p.server.before = async (request) => {
      if (request.url.includes('/api/push')) await held;
      return null;
    };
    const cycle = p.engine.syncNow();
    await vi.waitFor(() => expect(sent()).toEqual(['session']));
    const { onSync } = await worker();
    const woken = onSync(pages());
    await new Promise((resolve) => setTimeout(resolve, 50));
    release();
    await Promise.all([cycle, woken]);
    locks.remove();
    expect(locks.held.filter((name) => name === 'holdfast-send')).toHaveLength(2);
    expect(sent()).toEqual(['session']);
  });
});
