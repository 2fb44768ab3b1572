/** Everything that wakes the sender, each while all others are silent: none of them has to be trusted. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { phone, worker, type Phone } from './cast';
import { Page } from './page';
import { problem } from './server';

let p: Phone;
let page: Page;
let report: string;

/** Shorter than any pause between attempts, longer than the sender takes to gather what is saved together. */
const MOMENT = 300;

const poke = { stop: () => undefined, isOpen: () => false };

beforeEach(() => {
  page = new Page();
  vi.doMock('../src/outbox/poke', () => ({ listen: () => poke }));
});

afterEach(() => {
  p.engine.stopTimer();
  page.remove();
  vi.doUnmock('../src/outbox/poke');
});

const words = (value: string) => [{ entity: 'report', field: 'narrative', value }];
const states = async () => (await p.store.opsOf(report)).map((op) => op.state);

/** The app has started without a network and failed once; something waits, the network is back, and nobody says so. */
async function waiting(): Promise<void> {
  p = await phone();
  report = await p.outbox.newReport(words('a'));
  p.server.down = true;
  page.install();
  p.outbox.start();
  await page.pass(MOMENT);
  p.server.down = false;
  await page.pass(MOMENT);
  expect(await states()).toEqual(['pending']);
}

/** The app has started and sent everything; it rests. */
async function resting(): Promise<void> {
  p = await phone();
  report = await p.outbox.newReport(words('a'));
  page.install();
  p.outbox.start();
  await page.pass(MOMENT);
  expect(await states()).toEqual(['acked']);
}

describe('delivered, though nothing else happens, on', () => {
  it('the start of the app', async () => {
    await resting();
  });

  it('a save', async () => {
    await resting();
    await p.outbox.save(report, words('b'));
    await page.pass(MOMENT);
    expect(await states()).toEqual(['acked', 'acked']);
  });

  it('a save in another tab', async () => {
    await resting();
    const { changed } = await import('../src/outbox/bus');
    const tell = new BroadcastChannel('holdfast-changes');
    await p.store.db.ops.toCollection().modify({ state: 'pending' });
    changed({ user: 'nobody', reports: [] });
    tell.postMessage({ user: p.store.user, reports: [report], saved: true });
    await page.pass(0);
    await page.pass(MOMENT);
    tell.close();
    expect(await states()).toEqual(['acked']);
  });

  it('the return of the network', async () => {
    await waiting();
    page.window.dispatchEvent(new Event('online'));
    await page.pass(MOMENT);
    expect(await states()).toEqual(['acked']);
  });

  it('the app being looked at again', async () => {
    await waiting();
    page.show('visible');
    await page.pass(MOMENT);
    expect(await states()).toEqual(['acked']);
  });

  it('the page being taken out again as it was put away', async () => {
    await waiting();
    page.window.dispatchEvent(new Event('pagehide'));
    await page.pass(60_000);
    expect(await states()).toEqual(['pending']);
    page.window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    await page.pass(MOMENT);
    expect(await states()).toEqual(['acked']);
  });

  it('the timer', async () => {
    await waiting();
    await page.pass(2000);
    expect(await states()).toEqual(['acked']);
  });

  it('the button, at once', async () => {
    await waiting();
    void p.outbox.syncNow();
    await page.pass(0);
    expect(await states()).toEqual(['acked']);
  });

  it('the browser\'s word to the worker, which asks the page in sight', async () => {
    await waiting();
    const { onSync } = await worker();
    const message = (data: unknown): unknown => page.container.dispatchEvent(new MessageEvent('message', { data }));
    await onSync({ matchAll: () => Promise.resolve([{ visibilityState: 'visible', postMessage: message }]) });
    await page.pass(MOMENT);
    expect(await states()).toEqual(['acked']);
    expect(p.server.requests.filter((each) => each.path === '/api/push').at(-1)?.token).toBe('session');
  });

  it('the browser\'s word to the worker, which sends by itself where no page is open', async () => {
    await waiting();
    const { onSync } = await worker();
    await onSync({ matchAll: () => Promise.resolve([]) });
    expect(await states()).toEqual(['acked']);
  });
});

describe('read, though nothing else happens, on', () => {
  const address = async () => (await p.store.copy(report))?.snapshot.fields['report']?.['address']?.length ?? 0;
  const elsewhere = (): string => p.server.write(report, [{ entity: 'report', field: 'address', base: [], value: 'Cermak' }]);

  it('the timer', async () => {
    await resting();
    elsewhere();
    await page.pass(MOMENT);
    expect(await address()).toBe(0);
    await page.pass(32_000);
    expect(await address()).toBe(1);
  });

  it('a poke', async () => {
    vi.doUnmock('../src/outbox/poke');
    let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
    page.document.visibilityState = 'visible';
    p = await phone();
    p.server.before = (request) => {
      if (!request.url.endsWith('/api/poke')) return null;
      const body = new ReadableStream<Uint8Array>({ start: (controller) => void (stream = controller) });
      return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
    };
    report = await p.outbox.newReport(words('a'));
    page.install();
    p.outbox.start();
    await page.pass(MOMENT);
    await page.pass(MOMENT);
    elsewhere();
    await page.pass(MOMENT);
    expect(await address()).toBe(0);
    stream?.enqueue(new TextEncoder().encode(`event: poke\ndata: {"seq":${p.server.seq}}\n\n`));
    await page.pass(0);
    await page.pass(MOMENT);
    expect(await address()).toBe(1);
    page.show('hidden');
    stream?.close();
    await page.pass(0);
  });
});

describe('the browser is asked to wake the worker', () => {
  it('with each save, because the page may be closed before it could send', async () => {
    await resting();
    expect(page.tags).toEqual([]);
    await p.outbox.save(report, words('b'));
    await page.pass(0);
    expect(page.tags).toEqual(['holdfast-send']);
  });

  it('after a round that failed without a network', async () => {
    page.onLine = false;
    await waiting();
    expect(page.tags).toEqual(['holdfast-send']);
  });

  it('not after one that failed though the browser sees a network: it would wake us again and again', async () => {
    await waiting();
    expect(page.tags).toEqual([]);
    await page.pass(2000);
  });

  it('when the page goes out of sight with something unsent', async () => {
    await waiting();
    page.show('hidden');
    await page.pass(0);
    expect(page.tags).toEqual(['holdfast-send']);
    await page.pass(2000);
    expect(await states()).toEqual(['acked']);
    page.show('hidden');
    await page.pass(0);
    expect(page.tags).toHaveLength(1);
  });

  it('and its word makes no round of a round: one save is one push', async () => {
    const wakeWorker = (): void => void page.container.dispatchEvent(new MessageEvent('message', { data: { type: 'send' } }));
    page.onTag = wakeWorker;
    p = await phone();
    report = await p.outbox.newReport(words('a'));
    p.server.before = (request) => (request.url.includes('/api/push') ? problem(503, 'unavailable') : null);
    page.install();
    p.outbox.start();
    await page.pass(MOMENT);
    await p.outbox.save(report, words('b'));
    await page.pass(MOMENT);
    await page.pass(MOMENT);
    await page.pass(MOMENT);
    expect(p.server.requests.filter((each) => each.path === '/api/push')).toHaveLength(2);
  });

  it('in vain where a person has forbidden it, or the browser has none', async () => {
    await resting();
    const { askToBeWoken } = await worker();
    page.container.getRegistration = () => Promise.resolve({ sync: { register: () => Promise.reject(new DOMException('', 'NotAllowedError')) } });
    await expect(askToBeWoken()).resolves.toBeUndefined();
    page.container.getRegistration = () => Promise.resolve(undefined as never);
    await expect(askToBeWoken()).resolves.toBeUndefined();
    Reflect.deleteProperty(globalThis.navigator, 'serviceWorker');
    await expect(askToBeWoken()).resolves.toBeUndefined();
  });
});
