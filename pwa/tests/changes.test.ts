/** Following the feed by changes: whatever the server sends, the copy ends as the server has it (P4). */
import { get } from 'svelte/store';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Copy } from '../src/sync/types';
import { phone, type Phone } from './cast';
import { FIRST_DEVICE, json, problem } from './server';

let p: Phone;
let report: string;

beforeEach(async () => {
  p = await phone();
  report = await p.outbox.newReport(words('a'));
  await p.sync();
  await p.sync();
});

const words = (value: string, field = 'narrative') => [{ entity: 'report', field, value }];
const edit = (value: string, field: string) => [{ entity: 'report', field, base: [], value }];
const asked = (path: string) => p.server.requests.filter((each) => each.path.startsWith(path));
const atServer = (id = report): Copy => p.server.copy(id, p.server.seqOf.get(id) ?? 0);

/** Put a state into the store as if a page had brought it. */
async function keep(copy: Copy): Promise<void> {
  await p.store.db.reports.put({ id: copy.report, seq: copy.seq, body: { v: 0, plain: copy } });
}

async function kept(id = report): Promise<Copy> {
  const copy = await p.store.copy(id);
  if (!copy) throw new Error('no copy');
  return copy;
}

/** The next answer to a pull, kept to be looked at. */
function watchPull(): { changes: unknown[] }[] {
  const seen: { changes: unknown[] }[] = [];
  const fetched = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const response = await fetched(input, init);
    const isPage = (input as Request).url.includes('/api/pull') && response.status === 200;
    if (isPage) seen.push((await response.clone().json()) as { changes: unknown[] });
    return response;
  };
  return seen;
}

describe('a change of the feed', () => {
  it('is put into the copy that it follows on', async () => {
    const pages = watchPull();
    p.server.write(report, edit('Cermak', 'address'));
    await p.sync();
    expect(pages[0]?.changes).toMatchObject([{ report, patch: { fields: { report: { address: [{}] } } } }]);
    expect(await kept()).toEqual(atServer());
    expect(asked('/api/reports')).toEqual([]);
  });

  it('may come with others of the same report, of its facts too', async () => {
    const pages = watchPull();
    p.server.write(report, edit('Cermak', 'address'));
    p.server.dress = (copy) => ({ ...copy, flags: [{ op: 'x', device: 'd', flag: 'n_reused', other: 'y' }] });
    p.server.write(report, [{ entity: '01890000-0000-7000-8000-0000000000e1', field: '@entity', base: [], value: { list: 'agents', parent: null } }]);
    await p.sync();
    expect(pages[0]?.changes).toHaveLength(2);
    expect(await kept()).toEqual(atServer());
    expect((await kept()).flags).toHaveLength(1);
  });

  it('that the copy has already changes nothing', async () => {
    const old = await kept();
    p.server.write(report, edit('Cermak', 'address'));
    const next = atServer();
    await keep({ ...next, snapshot: { ...next.snapshot, ops: 99 } });
    await p.sync();
    expect((await kept()).snapshot.ops).toBe(99);
    expect((await kept()).seq).toBeGreaterThan(old.seq);
  });

  it.each([
    ['follows on another state', (copy: Copy) => keep({ ...copy, seq: copy.seq - 1 })],
    ['finds no copy', (copy: Copy) => p.store.db.reports.delete(copy.report)]
  ])('that %s has the whole report fetched, in the same pull', async (_, damage) => {
    await damage(await kept());
    p.server.write(report, edit('Cermak', 'address'));
    await p.sync();
    expect(asked('/api/reports').map((each) => each.path)).toEqual([`/api/reports/${report}`]);
    expect(await kept()).toEqual(atServer());
  });

  it('whose report is out of sight by then has the copy removed', async () => {
    await keep({ ...(await kept()), seq: 0 });
    p.server.write(report, edit('Cermak', 'address'));
    p.server.before = (request) => (request.url.includes('/api/reports') ? problem(404, 'not_found') : null);
    await p.sync();
    expect(await p.store.copy(report)).toBeNull();
    expect(await p.store.meta('cursor')).toBe(`a:${p.server.seq}`);
  });

  it('is on the disk with its cursor, or neither is', async () => {
    const before = { copy: await kept(), cursor: await p.store.meta('cursor') };
    p.server.write(report, edit('Cermak', 'address'));
    const refusal = vi.spyOn(p.store.db.meta, 'bulkPut').mockRejectedValue(new DOMException('full', 'QuotaExceededError'));
    await p.sync();
    expect({ copy: await kept(), cursor: await p.store.meta('cursor') }).toEqual(before);
    refusal.mockRestore();
    await p.sync();
    expect(await kept()).toEqual(atServer());
  });

  it('is worked out anew where another tab put a newer copy in its place meanwhile', async () => {
    p.server.write(report, edit('Cermak', 'address'));
    const people = p.store.meta.bind(p.store);
    let moved = false;
    vi.spyOn(p.store, 'meta').mockImplementation(async (key: string) => {
      if (key === 'doubtful' && !moved) {
        moved = true;
        p.server.write(report, edit('4', 'beat'));
        await keep(atServer());
      }
      return (await people(key)) as never;
    });
    await p.sync();
    expect(moved).toBe(true);
    expect(await kept()).toEqual(atServer());
  });
});

describe('a report that the server cannot give whole', () => {
  it('holds up no other, and is asked for again (P8)', async () => {
    const other = await p.outbox.newReport(words('b'));
    await p.sync();
    await keep({ ...(await kept()), seq: 0 });
    p.server.write(report, edit('Cermak', 'address'));
    p.server.write(other, edit('Pulaski', 'address'));
    p.server.before = (request) => (request.url.includes('/api/reports') ? problem(500, 'internal') : null);
    await p.sync();
    expect(await kept(other)).toEqual(atServer(other));
    expect((await kept()).seq).toBe(0);
    expect(get(p.outbox.safety).error).toBeNull();
    p.server.before = () => null;
    await p.sync();
    expect(await kept()).toEqual(atServer());
    const before = asked('/api/reports').length;
    await p.sync();
    expect(asked('/api/reports')).toHaveLength(before);
  });

  it('ends the pull where nobody answers, and the cursor stays', async () => {
    const cursor = await p.store.meta('cursor');
    await keep({ ...(await kept()), seq: 0 });
    p.server.write(report, edit('Cermak', 'address'));
    p.server.before = (request) => (request.url.includes('/api/reports') ? new Response('<html>', { status: 502 }) : null);
    await p.sync();
    expect(await p.store.meta('cursor')).toBe(cursor);
  });
});

describe('asking when nothing is new', () => {
  it('names the ETag of its cursor; "not modified" is contact and changes nothing', async () => {
    await p.sync();
    const before = { copy: await kept(), cursor: await p.store.meta('cursor') };
    await p.store.setMeta('last-contact', null);
    await p.sync();
    expect(asked('/api/pull').at(-1)?.etag).toMatch(/^"[0-9a-f]{64}"$/);
    expect({ copy: await kept(), cursor: await p.store.meta('cursor') }).toEqual(before);
    expect(await p.store.meta('last-contact')).not.toBeNull();
    expect(get(p.session.session).online).toBe('yes');
    expect(get(p.outbox.safety).error).toBeNull();
  });

  it('names none with another cursor', async () => {
    await p.sync();
    p.server.write(report, edit('Cermak', 'address'));
    await p.sync();
    expect(await kept()).toEqual(atServer());
    await p.sync();
    const [changed, first] = asked('/api/pull').slice(-2);
    expect(changed?.etag).not.toBeNull();
    expect(first?.etag).toBeNull();
  });

  it('takes a "not modified" that it did not ask for as nobody\'s answer', async () => {
    await p.store.setMeta('pull-mark', null);
    p.server.before = (request) => (request.url.includes('/api/pull') ? new Response(null, { status: 304 }) : null);
    await p.sync();
    expect(get(p.outbox.safety).error?.code).toBe('not_holdfast');
  });

  it('keeps no ETag of a page that is not on the disk', async () => {
    await p.store.setMeta('pull-mark', null);
    const refusal = vi.spyOn(p.store.db.meta, 'bulkPut').mockRejectedValue(new DOMException('full', 'QuotaExceededError'));
    await p.sync();
    refusal.mockRestore();
    await p.sync();
    expect(asked('/api/pull').at(-1)?.etag).toBeNull();
  });
});

describe('the contact report', () => {
  it('tells with each pull and push how many ops of this device wait', async () => {
    expect(asked('/api/pull').at(-1)?.path).toContain(`device=${FIRST_DEVICE}&unsent=0`);
    p.server.down = true;
    for (const value of ['b', 'c', 'd', 'e']) await p.outbox.save(report, words(value));
    p.server.down = false;
    p.server.before = (request, body) => {
      if (request.url.includes('/api/push')) return (body as { ops: string[] }).ops.length > 1 ? problem(413, 'too_large') : null;
      return null;
    };
    await p.sync();
    const pushes = asked('/api/push').slice(-7).map((each) => each.body as { ops: string[]; unsent: number });
    expect(pushes.map(({ ops, unsent }) => [ops.length, unsent])).toEqual([[4, 0], [2, 2], [1, 3], [1, 2], [2, 0], [1, 1], [1, 0]]);
  });

  it('counts what the server could not read: it is only here', async () => {
    p.server.before = (request) => (request.url.includes('/api/push') ? problem(400, 'malformed') : null);
    await p.outbox.save(report, words('unread'));
    await p.sync();
    await p.sync();
    expect(asked('/api/pull').at(-1)?.path).toContain('unsent=1');
  });
});

describe('a copy of an earlier version of this app', () => {
  it('lacks what came later, and is read as if it were empty', async () => {
    const { open: _open, settled: _settled, ...snapshot } = (await kept()).snapshot;
    const [head] = snapshot.fields['report']?.['narrative'] ?? [];
    const { base: _base, not_before: _moment, ...before } = head ?? { base: [], not_before: null };
    const removal = { ...before, op: 'r', value: null, saw: ['x'] };
    const fields = { report: { narrative: [before] }, e1: { '@entity': [removal] } };
    const entry = { op: 'q', kind: 'edit', actor: 'a', device: 'd', reason: 'report_locked', received: 'x', wall: 'y', edits: [] };
    const { flags: _flags, kept: _kept, ...copy } = await kept();
    await keep({ ...copy, quarantined: [entry], snapshot: { ...snapshot, fields } } as unknown as Copy);
    const whole = await kept();
    expect(whole).toMatchObject({ flags: [], kept: 1, snapshot: { open: {}, settled: [] }, quarantined: [{ sha256: 'q', not_before: null }] });
    expect(whole.snapshot.fields['report']?.['narrative']?.[0]).toMatchObject({ base: [], not_before: null });
    expect(whole.snapshot.fields['e1']?.['@entity']?.[0]?.base).toEqual(['x']);
    await p.outbox.save(report, words('goes on'));
    expect(await p.view(report)).toMatchObject({ pending: 1, late: [{ op: 'q' }], flags: [] });
  });
});

describe('another epoch (P12)', () => {
  it('takes the copies anew, gives back what was forgotten, and the count of the device goes on', async () => {
    p.server.write(report, edit('Cermak', 'address'));
    await p.sync();
    await p.sync();
    const before = await p.store.opsOf(report);
    p.server.restore('b');
    await p.outbox.save(report, words('unsent'));
    p.server.before = (request) => (request.url.includes('/api/push') ? problem(503, 'unavailable') : null);
    await p.sync();
    expect(await p.store.copy(report)).toBeNull();
    expect((await p.view(report))?.pending).toBe(2);
    p.server.before = () => null;
    await p.sync();
    await p.sync();
    const ops = await p.store.opsOf(report);
    expect(ops.map((op) => [op.n, op.payload.prev, op.state])).toEqual([
      [1, null, 'acked'],
      [2, before[0]?.sha256, 'acked']
    ]);
    expect(await kept()).toEqual(atServer());
    expect(asked('/api/pull').at(-1)?.path).toContain('cursor=b');
    p.server.write(report, edit('Pulaski', 'address'));
    await p.sync();
    expect(await kept()).toEqual(atServer());
    expect(asked('/api/reports')).toEqual([]);
  });

  it('does not show as current what the server had refused and now is given again', async () => {
    const op = await refused();
    p.server.seqOf.set(report, ++p.server.seq);
    p.server.before = (request) => (request.url.includes('/api/push') ? problem(503, 'unavailable') : null);
    p.server.epoch = 'b';
    await p.sync();
    expect(await p.store.op(op)).toMatchObject({ state: 'pending' });
    const view = await p.view(report);
    expect(view?.snapshot.fields['report']?.['narrative']?.map((head) => head.value)).toEqual(['a']);
    expect(view?.quarantined).toMatchObject([{ op, reason: 'report_locked' }]);
  });

  async function refused(): Promise<string> {
    await p.outbox.save(report, words('late'));
    const op = (await p.store.opsOf(report)).at(-1)?.op ?? '';
    p.server.refuse.set(op, 'report_locked');
    await p.sync();
    return op;
  }

  it('takes an answer in another shape for no page', async () => {
    p.server.before = (request) => (request.url.includes('/api/pull') ? json({ ok: true }) : null);
    const cursor = await p.store.meta('cursor');
    await p.sync();
    expect(await p.store.meta('cursor')).toBe(cursor);
    expect(get(p.session.session).online).toBe('no');
  });
});
