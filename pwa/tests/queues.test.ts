/** Each report has a queue of its own: what fails in one holds up no other (P8), and a hold waits for none (P6). */
import { get } from 'svelte/store';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StoredOp } from '../src/storage/user';
import { phone, type Phone } from './cast';
import { decode, problem } from './server';

let p: Phone;

beforeEach(async () => {
  p = await phone();
  // A phone that has read before: its first page would have it deliver everything again.
  await p.sync();
  p.server.requests = [];
});

afterEach(() => {
  vi.restoreAllMocks();
  p.engine.stopTimer();
});

const words = (value: string) => [{ entity: 'report', field: 'narrative', value }];
const stateOf = async (report: string): Promise<string[]> => (await p.store.opsOf(report)).map((op) => op.state);
const reportsIn = (body: unknown): string[] => (body as { ops: string[] }).ops.map((jws) => decode(jws).report);
const pushes = () => p.server.requests.filter((each) => each.path === '/api/push');

/** Reports that were written without a network. */
async function written(count: number, ops = 1): Promise<string[]> {
  p.server.down = true;
  const made: string[] = [];
  for (let each = 0; each < count; each++) {
    const report = await p.outbox.newReport(words('0'));
    for (let n = 1; n < ops; n++) await p.outbox.save(report, words(String(n)));
    made.push(report);
  }
  p.server.down = false;
  return made;
}

/** Let the server fail on every batch that holds ops of these reports. */
function failOn(reports: string[], answer: () => Response): void {
  p.server.before = (request, body) =>
    request.url.endsWith('/api/push') && reportsIn(body).some((each) => reports.includes(each)) ? answer() : null;
}

const gateway = () => new Response('<html>Bad gateway</html>', { status: 502, headers: { 'Content-Type': 'text/html' } });

describe('a report on which the server fails', () => {
  it.each([400, 413, 422, 500])('with %i holds up no other report', async (status) => {
    const [first, bad, last] = (await written(3, 4)) as [string, string, string];
    failOn([bad], () => problem(status, 'failed'));
    await p.sync();
    expect(await stateOf(first)).toEqual(['acked', 'acked', 'acked', 'acked']);
    expect(await stateOf(last)).toEqual(['acked', 'acked', 'acked', 'acked']);
    expect(await stateOf(bad)).toEqual(Array(4).fill(status === 500 ? 'pending' : 'stuck'));
    p.server.before = () => null;
    await p.engine.retryStuck(p.store);
    await p.sync();
    expect(await stateOf(bad)).toEqual(['acked', 'acked', 'acked', 'acked']);
  });

  it('holds up no other, however many such reports there are: they go last the next time', async () => {
    const made = await written(5);
    failOn(made.slice(0, 4), () => problem(500, 'internal'));
    await p.sync();
    await p.sync();
    expect(await stateOf(made[4] ?? '')).toEqual(['acked']);
  });

  it('is cut out at the borders of reports, not op by op', async () => {
    const [, bad] = (await written(4, 8)) as [string, string];
    failOn([bad], () => problem(422, 'failed'));
    await p.sync();
    const mixed = pushes().map((each) => new Set(reportsIn(each.body)).size);
    expect(mixed.slice(0, 3)).toEqual([4, 2, 1]);
  });

  it('rests by itself: neither the others nor the reading wait as long', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.99);
    const [bad] = (await written(1)) as [string];
    failOn([bad], () => problem(500, 'internal'));
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const reads = () => p.server.requests.filter((each) => each.path.startsWith('/api/pull')).length;
    for (let round = 1; round < 7; round++) {
      p.engine.wake();
      await vi.waitFor(() => expect(reads()).toBe(round));
      await vi.waitFor(() => expect(get(p.outbox.safety).step).toBeNull());
    }
    expect(get(p.outbox.safety).error?.code).toBe('internal');
    expect(p.server.requests.at(-1)?.path).toContain('/api/pull');
    const pauses = timers.mock.calls.map(([, ms]) => Number(ms)).filter((ms) => ms > 200);
    expect(Math.max(...pauses)).toBeLessThan(40_000);
    const before = pushes().length;
    const other = await p.outbox.newReport(words('meanwhile'));
    p.engine.wake();
    await vi.waitFor(async () => expect(await stateOf(other)).toEqual(['acked']));
    expect(pushes()).toHaveLength(before + 1);
  });

  it('rests also where others of its ops went through', async () => {
    const [report] = (await written(1, 2)) as [string];
    const bad = (await p.store.opsOf(report))[0]?.op ?? '';
    p.server.before = (request, body) => {
      if (!request.url.endsWith('/api/push')) return null;
      return (body as { ops: string[] }).ops.some((jws) => decode(jws).op === bad) ? problem(500, 'internal') : null;
    };
    await p.sync();
    expect(await stateOf(report)).toEqual(['pending', 'acked']);
    expect(get(p.outbox.safety).error?.code).toBe('internal');
  });

  it('is told after what concerns the server as a whole', async () => {
    const [bad] = (await written(1)) as [string];
    p.server.before = (request, body) => {
      if (request.url.includes('/api/pull')) return problem(503, 'unavailable');
      return request.url.endsWith('/api/push') && reportsIn(body).includes(bad) ? problem(500, 'internal') : null;
    };
    await p.sync();
    expect(get(p.outbox.safety).error?.code).toBe('unavailable');
  });

  it('is tried at once when a person asks', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.99);
    const [bad] = (await written(1)) as [string];
    failOn([bad], () => problem(500, 'internal'));
    await p.sync();
    p.server.before = () => null;
    await p.sync();
    expect(await stateOf(bad)).toEqual(['acked']);
    expect(get(p.outbox.safety).error).toBeNull();
  });

  it('is told apart from a server that fails as a whole, which is left alone', async () => {
    await written(8);
    p.server.before = (request) => (request.url.endsWith('/api/push') ? problem(500, 'internal') : null);
    await p.sync();
    expect(pushes().length).toBeLessThanOrEqual(12);
    expect(get(p.outbox.safety)).toMatchObject({ pendingOps: 8, error: { code: 'internal' } });
  });
});

describe('a token that is not to be had', () => {
  it.each([400, 403, 422, 500])('is not the ops\' fault, nor the photos\' (%i)', async (status) => {
    const report = await p.outbox.newReport(words('a'));
    await p.outbox.addPhoto(report, new Blob([new Uint8Array(10)], { type: 'image/jpeg' }), {});
    p.server.sessionEnded = true;
    p.server.before = (request) => (request.url.endsWith('/api/devices/token') ? problem(status, 'failed') : null);
    await p.sync();
    expect(await stateOf(report)).toEqual(['pending', 'pending']);
    expect((await p.store.photosOf(report))[0]?.state).toBe('pending');
    p.server.before = () => null;
    await p.sync();
    expect(await stateOf(report)).toEqual(['acked', 'acked']);
  });
});

describe('a token for photos', () => {
  it('is asked for once a round, however many wait', async () => {
    const report = await p.outbox.newReport(words('a'));
    await p.sync();
    for (let each = 0; each < 3; each++) await p.outbox.addPhoto(report, new Blob([new Uint8Array(10)], { type: 'image/jpeg' }), {});
    await p.store.db.ops.toCollection().modify({ state: 'acked' });
    p.server.sessionEnded = true;
    p.server.before = (request) => (request.url.endsWith('/api/devices/token') ? problem(500, 'failed') : null);
    p.server.requests = [];
    await p.sync();
    expect(p.server.requests.filter((each) => each.path === '/api/devices/token')).toHaveLength(1);
  });
});

describe('a batch that never gets through', () => {
  it.each([
    ['a proxy says that the server broke', gateway],
    ['nothing comes back in time', () => Promise.reject(new DOMException('', 'TimeoutError'))]
  ])('is tried in smaller ones until only what breaks is left: %s', async (_, answer) => {
    const [good, bad, last] = (await written(3, 2)) as [string, string, string];
    p.server.before = (request, body) =>
      request.url.endsWith('/api/push') && reportsIn(body).includes(bad) ? (answer() as Promise<Response>) : null;
    for (let round = 0; round < 6; round++) await p.sync();
    expect(await stateOf(good)).toEqual(['acked', 'acked']);
    expect(await stateOf(last)).toEqual(['acked', 'acked']);
    expect(await stateOf(bad)).toEqual(['pending', 'pending']);
    expect(pushes()[0] && reportsIn(pushes()[0]?.body)).toHaveLength(6);
    // What concerns one report does not keep the phone from reading.
    expect(p.server.requests.at(-1)?.path).toContain('/api/pull');
    p.server.before = () => null;
    await p.sync();
    await p.sync();
    expect(await stateOf(bad)).toEqual(['acked', 'acked']);
  });

  it('has time by its size', async () => {
    const given = vi.spyOn(AbortSignal, 'timeout');
    const report = await p.outbox.newReport(words('x'.repeat(200_000)));
    await p.sync();
    expect(await stateOf(report)).toEqual(['acked']);
    expect(Math.max(...given.mock.calls.map(([ms]) => ms))).toBeGreaterThan(60_000);
    expect(given.mock.calls.every(([ms]) => Number.isInteger(ms))).toBe(true);
  });
});

describe('a hold', () => {
  it('goes out alone with what it builds on, before words that fail', async () => {
    p.server.down = true;
    const bad = await p.outbox.newReport(words('poison'));
    const footage = await p.outbox.addEntity(bad, 'footage', { kind: 'bwc' });
    await p.outbox.holdFootage(bad, { wearer_star: '12345' }, footage);
    p.server.down = false;
    p.server.before = (request, body) => {
      if (!request.url.endsWith('/api/push')) return null;
      const isPoison = (body as { ops: string[] }).ops.some((jws) => decode(jws).edits.some((each) => each.field === 'narrative'));
      return isPoison ? problem(500, 'internal') : null;
    };
    await p.sync();
    expect((await p.store.opsOf(bad)).map((op) => [op.kind, op.state])).toEqual([
      ['edit', 'pending'],
      ['edit', 'acked'],
      ['hold', 'acked']
    ]);
    expect((pushes()[0]?.body as { ops: string[] }).ops).toHaveLength(2);
  });

  it('does not wait because another op of its report failed, nor because its report rests', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.99);
    const [bad] = (await written(1)) as [string];
    failOn([bad], () => problem(500, 'internal'));
    await p.engine.syncNow();
    p.server.before = () => null;
    p.engine.stopTimer();
    await p.outbox.holdFootage(bad, { wearer_star: '12345' });
    p.engine.wake();
    await vi.waitFor(async () => expect((await p.store.opsOf(bad)).at(-1)?.state).toBe('acked'));
    expect(await stateOf(bad)).toEqual(['pending', 'acked']);
  });

  it('of one report that fails does not keep back the hold of another', async () => {
    const [bad, good] = (await written(2)) as [string, string];
    await p.sync();
    p.server.down = true;
    await p.outbox.holdFootage(bad, { wearer_star: '1' });
    await p.outbox.holdFootage(good, { wearer_star: '2' });
    p.server.down = false;
    failOn([bad], () => problem(500, 'internal'));
    await p.sync();
    expect(await stateOf(good)).toEqual(['acked', 'acked']);
    expect(await stateOf(bad)).toEqual(['acked', 'pending']);
  });
});

describe('the order', () => {
  type Made = Pick<StoredOp, 'op' | 'report' | 'kind' | 'n' | 'size' | 'at' | 'payload'>;
  const op = (id: string, report: string, kind: StoredOp['kind'] = 'edit', base: string[] = []): Made => ({
    op: id,
    report,
    kind,
    n: 1,
    size: 10,
    at: '',
    payload: { edits: [{ entity: 'report', field: 'f', base, value: 1 }] } as unknown as StoredOp['payload']
  });

  it('is holds with what they build on, however deep; then report by report, those that failed last', async () => {
    const { queues } = await import('../src/outbox/order');
    const ops = [op('1', 'a'), op('2', 'b'), op('3', 'b', 'edit', ['2']), op('4', 'a'), op('5', 'b', 'hold', ['3']), op('6', 'c'), op('7', 'b')];
    const found = queues(ops, (report) => (report === 'a' ? 2 : 0));
    expect(found.holds.map((each) => each.op)).toEqual(['2', '3', '5']);
    const holds = [...ops, op('8', 'd', 'hold')];
    const failed = queues(holds, (report, isHold) => (report === 'b' && isHold ? 1 : 0));
    expect(failed.holds.map((each) => each.op)).toEqual(['8', '2', '3', '5']);
    expect(found.reports.map((queue) => queue.map((each) => each.op))).toEqual([['6'], ['7'], ['1', '4']]);
  });

  it('cuts between reports, nearest to the middle; within one where there is only one', async () => {
    const { halves } = await import('../src/outbox/order');
    const cut = (reports: string) => halves([...reports].map((report) => ({ report }))).map((half) => half.map((each) => each.report).join(''));
    expect(cut('aab')).toEqual(['aa', 'b']);
    expect(cut('abbbbbbc')).toEqual(['a', 'bbbbbbc']);
    expect(cut('aaabbc')).toEqual(['aaa', 'bbc']);
    expect(cut('aaa')).toEqual(['aa', 'a']);
    expect(cut('aa')).toEqual(['a', 'a']);
  });
});
