import { createHash } from 'node:crypto';
import { get } from 'svelte/store';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { phone, reopen, type Phone } from './cast';
import { decode, json, portal, problem } from './server';

let p: Phone;

beforeEach(async () => {
  p = await phone();
});

const words = (value: string, field = 'narrative') => [{ entity: 'report', field, value }];
const hash = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('save (P2, P7: "Saved" is never a guess)', () => {
  it('signs, writes and can read back every change', async () => {
    const id = await p.outbox.newReport(words('first'));
    const [op] = await p.store.opsOf(id);
    expect(op?.state).toBe('pending');
    expect(op?.sha256).toBe(hash(op?.jws ?? ''));
    expect(decode(op?.jws ?? '').edits).toEqual([
      { entity: 'report', field: 'narrative', base: [], value: 'first' }
    ]);
  });

  it('signs with the enrolled key, so that any JOSE library can check it', async () => {
    const { compactVerify, importJWK } = await import('jose');
    const id = await p.outbox.newReport(words('signed'));
    const [op] = await p.store.opsOf(id);
    const enrolment = p.server.requests.find((each) => each.path === '/api/devices');
    const { public_jwk } = enrolment?.body as { public_jwk: Record<string, string> };
    const found = await compactVerify(op?.jws ?? '', await importJWK(public_jwk, 'ES256'));
    expect(found.protectedHeader).toEqual({ alg: 'ES256', kid: op?.device, typ: 'holdfast-op+jws' });
  });

  it('counts n without a gap and names the op before in prev, also when saves overlap', async () => {
    const id = await p.outbox.newReport(words('0'));
    await Promise.all(['1', '2', '3', '4', '5'].map((text) => p.outbox.save(id, words(text))));
    const ops = await p.store.opsOf(id);
    expect(ops.map((op) => op.n)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(ops.map((op) => op.payload.prev)).toEqual([null, ...ops.slice(0, -1).map((op) => op.sha256)]);
  });

  it('goes on counting after the app was killed and opened again without a network', async () => {
    const id = await p.outbox.newReport(words('before'));
    p.server.down = true;
    const again = await reopen(p.server);
    await again.outbox.save(id, words('after'));
    expect((await again.store.opsOf(id)).map((op) => op.n)).toEqual([1, 2]);
    expect((await again.view(id))?.snapshot.fields['report']?.['narrative']?.[0]?.value).toBe('after');
  });

  it('rejects when the disk refuses, and shows nothing as saved', async () => {
    const id = await p.outbox.newReport(words('kept'));
    const refusal = vi.spyOn(p.store.db.ops, 'add').mockRejectedValue(new DOMException('full', 'QuotaExceededError'));
    await expect(p.outbox.save(id, words('lost'))).rejects.toMatchObject({ code: 'storage_full' });
    refusal.mockRestore();
    expect(await p.store.opsOf(id)).toHaveLength(1);
    await p.outbox.save(id, words('after'));
    expect((await p.store.opsOf(id)).map((op) => op.n)).toEqual([1, 2]);
  });

  it('rejects when the disk does not give back what was written', async () => {
    const id = await p.outbox.newReport(words('kept'));
    vi.spyOn(p.store, 'op').mockResolvedValue(null);
    await expect(p.outbox.save(id, words('lost'))).rejects.toMatchObject({ code: 'not_kept' });
  });

  it('rejects for a report that is not here', async () => {
    await expect(p.outbox.save('01890000-0000-7000-8000-00000000ffff', words('x'))).rejects.toMatchObject({
      code: 'unknown_report'
    });
  });
});

describe('bases', () => {
  it('an edit supersedes what its author saw, and a word that stands is not written again', async () => {
    const id = await p.outbox.newReport(words('one'));
    await p.outbox.save(id, words('two'));
    await p.outbox.save(id, words('two'));
    const ops = await p.store.opsOf(id);
    expect(ops).toHaveLength(2);
    expect(ops[1]?.payload.edits[0]?.base).toEqual([ops[0]?.op]);
  });

  it('an edit does not end an open conflict; resolve does, naming every head and a reason', async () => {
    const id = await p.outbox.newReport(words('mine'));
    await p.sync();
    await p.sync();
    const row = await p.store.copy(id);
    const mine = row?.snapshot.fields['report']?.['narrative']?.[0];
    if (!row || !mine) throw new Error('no snapshot');
    const other = { ...mine, op: '01890000-0000-7000-8000-00000000000b', device: 'other', value: 'theirs' };
    row.snapshot.fields['report'] = { narrative: [mine, other] };
    await p.store.db.reports.put({ id, seq: row.seq, body: { v: 0, plain: row } });
    await p.outbox.save(id, words('mine, longer'));
    const edited = (await p.store.opsOf(id)).at(-1);
    expect(edited?.payload.edits[0]?.base).toEqual([mine.op]);
    await p.outbox.save(id, words('both'), 'resolve', 'Both were there.');
    const resolved = (await p.store.opsOf(id)).at(-1);
    expect(resolved?.payload.edits[0]?.base).toEqual([other.op, edited?.op]);
    await expect(p.outbox.save(id, words('x'), 'resolve', ' ')).rejects.toMatchObject({ code: 'reason_missing' });
  });
});

describe('delivery', () => {
  it('sends holds first, with the pending ops that they build on, then the rest (P6)', async () => {
    await p.sync();
    p.server.down = true;
    const first = await p.outbox.newReport(words('long text'));
    const second = await p.outbox.newReport(words('other'));
    const footage = await p.outbox.addEntity(second, 'footage', { kind: 'bwc' });
    await p.outbox.holdFootage(second, { wearer_star: '12345' }, footage);
    p.server.down = false;
    await p.sync();
    const sent = p.server.pushes().flat();
    expect(sent.map((op) => [op.report === second ? 2 : 1, op.kind, op.n])).toEqual([
      [2, 'edit', 3],
      [2, 'hold', 4],
      [1, 'edit', 1],
      [2, 'edit', 2]
    ]);
    expect(first).not.toBe(second);
    const hold = sent[1];
    expect(hold?.edits.map((edit) => edit.field).sort()).toEqual(['@entity', 'kind', 'wearer_star']);
  });

  it('an op leaves the pending ones only on a receipt with its own hash (P7)', async () => {
    const id = await p.outbox.newReport(words('a'));
    p.server.before = (request, body) => {
      if (!request.url.endsWith('/api/push')) return null;
      const ops = (body as { ops: string[] }).ops;
      const receipts = ops.map((jws) => ({ op: decode(jws).op, sha256: hash('else'), seq: 1, verdict: 'applied', reason: null }));
      return json({ receipts, statement: 's', beacon: 'b' });
    };
    await p.sync();
    expect((await p.store.opsOf(id))[0]?.state).toBe('pending');
    expect(get(p.outbox.safety)).toMatchObject({ pendingOps: 1, error: { code: 'receipt_mismatch' } });
    p.server.before = () => null;
    await p.sync();
    expect((await p.store.opsOf(id))[0]?.state).toBe('acked');
    expect(get(p.outbox.safety)).toMatchObject({ pendingOps: 0, error: null });
  });

  it('takes the page of a captive portal for no receipt and no session end', async () => {
    const id = await p.outbox.newReport(words('a'));
    p.server.before = () => portal();
    await p.sync();
    expect((await p.store.opsOf(id))[0]?.state).toBe('pending');
    expect(get(p.outbox.safety).error?.code).toBe('not_holdfast');
    expect(get(p.session.session)).toMatchObject({ needsLogin: false, online: 'no' });
  });

  it('takes JSON that is no answer to a push for no receipt', async () => {
    const id = await p.outbox.newReport(words('a'));
    p.server.before = (request) => (request.url.endsWith('/api/push') ? json({ ok: true }) : null);
    await p.sync();
    expect((await p.store.opsOf(id))[0]?.state).toBe('pending');
  });

  it('halves a batch that the server finds too large', async () => {
    await p.sync();
    p.server.down = true;
    const id = await p.outbox.newReport(words('0'));
    for (let n = 1; n < 10; n++) await p.outbox.save(id, words(String(n)));
    p.server.down = false;
    p.server.maxOps = 3;
    await p.sync();
    expect(p.server.pushes().map((ops) => ops.length)).toEqual([10, 5, 3, 2, 5, 3, 2]);
    expect(p.server.stored.size).toBe(10);
    expect(get(p.outbox.safety).pendingOps).toBe(0);
  });

  it('sends at most a hundred ops in one batch', async () => {
    const { batches } = await import('../src/outbox/order');
    const sizes = (ops: { size: number }[]) => batches(ops).map((each) => each.length);
    expect(sizes(Array.from({ length: 205 }, () => ({ size: 1000 })))).toEqual([100, 100, 5]);
    expect(sizes([{ size: 600_000 }, { size: 600_000 }, { size: 3_000_000 }, { size: 1 }])).toEqual([1, 1, 1, 1]);
  });

  it('one op that the server cannot read blocks no other; it is kept and shown (P8)', async () => {
    p.server.down = true;
    const good = await p.outbox.newReport(words('good'));
    const bad = await p.outbox.newReport(words('poison'));
    p.server.down = false;
    p.server.before = (request, body) =>
      request.url.endsWith('/api/push') && (body as { ops: string[] }).ops.some((jws) => decode(jws).report === bad)
        ? problem(400, 'malformed')
        : null;
    await p.sync();
    expect((await p.store.opsOf(good))[0]?.state).toBe('acked');
    expect((await p.store.opsOf(bad))[0]?.state).toBe('stuck');
    expect(await p.view(bad)).toMatchObject({ state: 'needs_you', pending: 1 });
    p.server.before = () => null;
    await p.engine.retryStuck(p.store);
    await p.sync();
    expect((await p.store.opsOf(bad))[0]?.state).toBe('acked');
  });

  it('keeps a quarantined op and says that it needs somebody', async () => {
    const id = await p.outbox.newReport(words('late word'));
    const [op] = await p.store.opsOf(id);
    p.server.refuse.set(op?.op ?? '', 'report_locked');
    await p.sync();
    const view = await p.view(id);
    expect((await p.store.opsOf(id))[0]?.state).toBe('refused');
    expect(view).toMatchObject({ state: 'needs_you', pending: 0 });
    expect(view?.quarantined[0]).toMatchObject({ op: op?.op, reason: 'report_locked' });
    expect(view?.quarantined[0]?.edits?.[0]?.value).toBe('late word');
    expect(get(p.outbox.safety).refused).toBe(1);
  });

  it('delivers with the signature of the device when the session has ended (P10)', async () => {
    await p.outbox.newReport(words('a'));
    p.server.sessionEnded = true;
    await p.sync();
    const delivered = p.server.requests.filter((each) => each.path === '/api/push').at(-1);
    expect(delivered?.token).toBe('upload');
    expect(p.server.stored.size).toBe(1);
    expect(get(p.session.session).needsLogin).toBe(true);
    expect(get(p.outbox.safety).pendingOps).toBe(0);
  });

  it('still delivers what an officer left unsent who signed out', async () => {
    p.server.down = true;
    await p.outbox.newReport(words('left behind'));
    await p.session.signOut();
    p.server.down = false;
    p.server.sessionEnded = true;
    await p.sync();
    expect(p.server.stored.size).toBe(1);
  });
});

describe('views', () => {
  it('never lose a word between receipt and pull', async () => {
    const id = await p.outbox.newReport(words('a'));
    p.server.before = (request) => (request.url.includes('/api/pull') ? problem(503, 'unavailable') : null);
    await p.sync();
    const view = await p.view(id);
    expect(view).toMatchObject({ pending: 0, state: 'server', server: null });
    expect(view?.snapshot.fields['report']?.['narrative']?.[0]?.value).toBe('a');
  });

  it('say "only on this phone" until the receipt is there', async () => {
    p.server.down = true;
    const id = await p.outbox.newReport(words('a'));
    expect(await p.view(id)).toMatchObject({ state: 'phone', pending: 1 });
    p.server.down = false;
    await p.sync();
    expect(await p.view(id)).toMatchObject({ state: 'server', pending: 0 });
  });

  it('drop a report that left the scope', async () => {
    const id = await p.outbox.newReport(words('a'));
    await p.sync();
    p.server.left.add(id);
    p.server.seq += 1;
    await p.sync();
    expect(await p.view(id)).toBeNull();
  });

  it('show a begun report without words, also after a restart', async () => {
    const id = await p.outbox.newReport();
    expect(await p.view(id)).toMatchObject({ pending: 0, snapshot: { state: 'draft', ops: 0 } });
    const again = await reopen(p.server);
    await again.outbox.save(id, words('first word'));
    expect(await again.view(id)).toMatchObject({ pending: 1 });
  });
});
