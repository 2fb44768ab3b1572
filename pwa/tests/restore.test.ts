/** A server that was restored from a backup gets back, from the phone, what it forgot (P12). */
import { beforeEach, describe, expect, it } from 'vitest';
import { phone, type Phone } from './cast';
import { problem } from './server';

let p: Phone;

beforeEach(async () => {
  p = await phone();
});

const words = (value: string) => [{ entity: 'report', field: 'narrative', value }];

describe('restore (P12)', () => {
  it('gives back what the server forgot, and keeps what is unsent', async () => {
    const id = await p.outbox.newReport(words('kept by the phone'));
    await p.sync();
    expect(p.server.stored.size).toBe(1);
    p.server.stored.clear();
    p.server.seqOf.clear();
    p.server.epoch = 'b';
    p.server.seq = 0;
    await p.sync();
    expect(p.server.stored.size).toBe(1);
    expect((await p.view(id))?.snapshot.fields['report']?.['narrative']?.[0]?.value).toBe('kept by the phone');
  });

  it('gives back what was delivered a moment before the first pull: the server may have been restored in between', async () => {
    p.server.before = (request) => (request.url.includes('/api/pull') ? problem(503, 'unavailable') : null);
    const id = await p.outbox.newReport(words('delivered, never read'));
    await p.sync();
    expect(await p.store.meta('cursor')).toBeNull();
    expect((await p.store.opsOf(id)).map((op) => op.state)).toEqual(['acked']);
    p.server.restore('b');
    p.server.before = () => null;
    await p.sync();
    expect(p.server.stored.size).toBe(1);
    expect((await p.store.opsOf(id)).map((op) => op.state)).toEqual(['acked']);
    expect((await p.view(id))?.server?.fields['report']?.['narrative']?.[0]?.value).toBe('delivered, never read');
  });

  it('delivers once more on an ordinary first pull, and to no other effect (P5)', async () => {
    const id = await p.outbox.newReport(words('a'));
    await p.sync();
    await p.sync();
    expect(p.server.pushes().map((ops) => ops.length)).toEqual([1, 1]);
    expect(p.server.stored.size).toBe(1);
    expect(await p.view(id)).toMatchObject({ pending: 0, state: 'server' });
  });

  it('shows no conflict between what it gives back and what came after a decision of the desk on it', async () => {
    const id = await p.outbox.newReport(words('mine'));
    await p.sync();
    const mine = (await p.store.opsOf(id))[0]!.op;
    const at = { entity: 'report', field: 'narrative' };
    const theirs = p.server.write(id, [{ ...at, base: [], value: 'theirs' }]);
    p.server.write(id, [{ ...at, base: [mine, theirs], value: 'both' }], { kind: 'resolve', reason: 'asked both' });
    await p.sync();
    await p.outbox.save(id, words('both, and more'));
    await p.sync();
    await p.sync();
    p.server.epoch = 'b';
    p.server.before = (request) => (request.url.includes('/api/push') ? problem(503, 'unavailable') : null);
    await p.sync();
    const view = await p.view(id);
    expect(view).toMatchObject({ state: 'phone', pending: 2 });
    expect(view?.snapshot).toEqual(view?.server);
    expect(view?.snapshot.fields['report']?.['narrative']?.map((head) => head.value)).toEqual(['both, and more']);
  });

  it('shows all its own words where the server forgot the report and what they built on', async () => {
    const id = await p.outbox.newReport(words('first'));
    await p.sync();
    const first = (await p.store.opsOf(id))[0]!.op;
    p.server.write(id, [{ entity: 'report', field: 'narrative', base: [first], value: 'theirs' }]);
    await p.sync();
    await p.outbox.save(id, words('on theirs'));
    await p.sync();
    p.server.restore('b');
    p.server.before = (request) => (request.url.includes('/api/push') ? problem(503, 'unavailable') : null);
    await p.sync();
    expect(await p.store.copy(id)).toBeNull();
    const heads = (await p.view(id))?.snapshot.fields['report']?.['narrative'];
    expect(heads?.map((head) => head.value)).toEqual(['first', 'on theirs']);
  });

  it('keeps acknowledged ops for 30 days', async () => {
    const { prune } = await import('../src/outbox/pull');
    const id = await p.outbox.newReport(words('a'));
    await p.sync();
    await prune(p.store, Date.now() + 29 * 86_400_000);
    expect(await p.store.opsOf(id)).toHaveLength(1);
    await prune(p.store, Date.now() + 31 * 86_400_000);
    expect(await p.store.opsOf(id)).toHaveLength(0);
    expect((await p.view(id))?.snapshot.fields['report']?.['narrative']?.[0]?.value).toBe('a');
  });
});
