/** When the sender goes: woken by saves of every tab, and held up by nothing that keeps failing. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { phone, reopen, type Phone } from './cast';
import { problem } from './server';

let p: Phone;

beforeEach(async () => {
  p = await phone();
});

afterEach(() => {
  vi.restoreAllMocks();
  p.engine.stopTimer();
});

const words = (value: string) => [{ entity: 'report', field: 'narrative', value }];
const picture = new Blob([new Uint8Array(2_500_000)], { type: 'image/jpeg' });

describe('the sender', () => {
  it('sends what another tab saved while this one is busy with a photo', async () => {
    const report = await p.outbox.newReport(words('a'));
    await p.outbox.addPhoto(report, picture, {});
    const other = await reopen(p.server);
    const stop = p.engine.followSaves();
    let parts = 0;
    p.server.before = async (request) => {
      if (request.method !== 'PATCH' || ++parts !== 1) return null;
      await other.outbox.save(report, words('from the other tab'));
      // A message between tabs takes its time.
      await new Promise((resolve) => setTimeout(resolve, 50));
      return null;
    };
    await p.sync();
    stop();
    other.engine.stopTimer();
    const order = p.server.requests.map((each) => (each.path === '/api/push' ? 'ops' : each.method));
    expect(order.filter((each) => ['ops', 'PATCH'].includes(each))).toEqual(['ops', 'PATCH', 'ops', 'PATCH', 'PATCH']);
  });

  it('is not woken by what it changes itself, so that two tabs do not wake each other for ever', async () => {
    const report = await p.outbox.newReport(words('a'));
    const stop = p.engine.followSaves();
    await p.sync();
    const before = p.server.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 400));
    stop();
    expect(p.server.requests).toHaveLength(before);
    expect((await p.store.opsOf(report))[0]?.state).toBe('acked');
  });

  it('goes again soon after a failing round during which something was saved', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.99);
    const report = await p.outbox.newReport(words('a'));
    await p.outbox.addPhoto(report, picture, {});
    let isSaving = false;
    p.server.before = (request) => {
      if (!request.url.includes('/api/uploads')) return null;
      if (isSaving) p.engine.wake();
      return problem(503, 'unavailable');
    };
    const timers = vi.spyOn(globalThis, 'setTimeout');
    await p.engine.syncNow();
    expect(timers.mock.calls.at(-1)?.[1]).toBeGreaterThan(1900);
    isSaving = true;
    await p.engine.syncNow();
    expect(timers.mock.calls.at(-1)?.[1]).toBeLessThanOrEqual(1000);
  });
});
