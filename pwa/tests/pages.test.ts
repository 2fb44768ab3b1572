/** A page of the feed that never comes through is asked for smaller, so that a slow line does not stay behind for ever (P10). */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { phone, type Phone } from './cast';
import { json, problem } from './server';

let p: Phone;

beforeEach(async () => {
  p = await phone();
});

const words = (value: string) => [{ entity: 'report', field: 'narrative', value }];
const limitOf = (request: Request): number => Number(new URL(request.url).searchParams.get('limit'));
const isPull = (request: Request): boolean => request.url.includes('/api/pull');

/** The limits that a phone asks for, one pull after another; pages of more than `passes` reports never come through. */
async function asked(rounds: number, passes: number, lost: () => Response): Promise<number[]> {
  const limits: number[] = [];
  p.server.before = (request) => {
    if (!isPull(request)) return null;
    limits.push(limitOf(request));
    return limitOf(request) > passes ? lost() : null;
  };
  for (let round = 0; round < rounds; round++) await p.sync();
  return limits;
}

const LOST: [string, () => Response][] = [
  ['did not come in time', () => { throw new DOMException('slow', 'TimeoutError'); }],
  ['was cut off half way', () => new Response(new ReadableStream({ start: (body) => body.error(new TypeError('cut')) }), { headers: { 'Content-Type': 'application/json' } })],
  ['a proxy gave up on', () => new Response('<html>', { status: 504, headers: { 'Content-Type': 'text/html' } })]
];

describe('a page that', () => {
  it.each(LOST)('%s is asked for with half as many reports, down to one, and with more again once all is here', async (_, lost) => {
    expect(await asked(10, 1, lost)).toEqual([200, 100, 50, 25, 12, 6, 3, 1, 2, 1]);
    expect(await asked(9, Infinity, lost)).toEqual([2, 4, 8, 16, 32, 64, 128, 200, 200]);
  });

  it.each<[string, () => Response]>([
    ['nobody answered', () => { throw new TypeError('fetch failed'); }],
    ['the server refused', () => problem(503, 'too_busy')],
    ['a portal answered', () => new Response('<html>', { headers: { 'Content-Type': 'text/html' } })]
  ])('%s is asked for as it was: its size is not to blame', async (_, failed) => {
    expect(await asked(3, 0, failed)).toEqual([200, 200, 200]);
  });
});

describe('a walk through the feed', () => {
  it('keeps the size that came through until its end, and loses no page', async () => {
    const ids = [await p.outbox.newReport(words('a')), await p.outbox.newReport(words('b'))];
    await p.sync();
    const copies = ids.map((id) => p.server.copy(id, p.server.seqOf.get(id) ?? 0));
    const limits: number[] = [];
    p.server.before = (request) => {
      if (!isPull(request)) return null;
      limits.push(limitOf(request));
      if (limitOf(request) > 50) throw new DOMException('slow', 'TimeoutError');
      const page = limits.filter((limit) => limit <= 50).length;
      if (page > copies.length) return null;
      const rest = { left: [], people: {}, devices: {}, beacon: null };
      return json({ ...rest, changes: [copies[page - 1]], cursor: `b:${page}`, more: page < copies.length, reset: page === 1 });
    };
    await p.store.db.meta.delete('cursor');
    await p.store.db.reports.clear();
    for (let round = 0; round < 3; round++) await p.sync();
    expect(limits.slice(0, 4)).toEqual([200, 100, 50, 50]);
    expect(await Promise.all(ids.map((id) => p.store.copy(id)))).toEqual(copies);
  });

  it('of many reports is not made one report at a time after the server was away for a while', async () => {
    expect(await asked(8, 0, LOST[2]![1])).toContain(1);
    let [left, requests] = [5000, 0];
    p.server.before = (request) => {
      if (!isPull(request)) return null;
      requests += 1;
      left -= limitOf(request);
      return json({ left: [], people: {}, devices: {}, beacon: null, changes: [], cursor: `b:${left}`, more: left > 0, reset: false });
    };
    await p.sync();
    expect(left).toBeLessThanOrEqual(0);
    expect(requests).toBeLessThan(5000 / 200 + 40);
  });

  it('gives a single report longer: it cannot be asked for in parts', async () => {
    const times = vi.spyOn(AbortSignal, 'timeout');
    await asked(9, 1, LOST[0]![1]);
    const [usual, alone] = [times.mock.calls[0]![0], times.mock.calls.at(-2)![0]];
    times.mockRestore();
    expect(alone).toBe(2 * usual);
  });
});
