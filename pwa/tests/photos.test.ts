import { createHash, randomBytes } from 'node:crypto';
import { get } from 'svelte/store';
import { beforeEach, describe, expect, it } from 'vitest';
import { phone, reopen, type Phone } from './cast';
import { problem } from './server';

let p: Phone;
const picture = randomBytes(2_500_000);
const sha256 = createHash('sha256').update(picture).digest('hex');

beforeEach(async () => {
  p = await phone();
});

async function taken(): Promise<{ report: string; photo: string }> {
  const report = await p.outbox.newReport();
  const photo = await p.outbox.addPhoto(report, new Blob([picture], { type: 'image/jpeg' }), { subject: 'id_shown' });
  return { report, photo };
}

describe('photos', () => {
  it('are stored byte for byte with an op that names their hash (P1)', async () => {
    p.server.down = true;
    const { report, photo } = await taken();
    expect(Buffer.from((await p.store.bytes(photo)) ?? new ArrayBuffer(0)).equals(picture)).toBe(true);
    const fields = (await p.view(report))?.snapshot.fields[photo];
    expect(fields?.['sha256']?.[0]?.value).toBe(sha256);
    expect(fields?.['size']?.[0]?.value).toBe(picture.length);
    expect(await p.view(report)).toMatchObject({ pendingPhotos: 1, state: 'phone' });
  });

  it('arrive whole and count as there only on the hash that the server recomputed (P7)', async () => {
    const { report } = await taken();
    await p.sync();
    expect([...p.server.uploads.values()][0]?.bytes.equals(picture)).toBe(true);
    expect((await p.view(report))?.photos[0]).toMatchObject({ sha256, onServer: true, onPhone: true });
    expect(await p.view(report)).toMatchObject({ pendingPhotos: 0, state: 'server' });
  });

  it('do not count as there when the server says another hash', async () => {
    const { report } = await taken();
    p.server.before = (request) => {
      if (request.method !== 'HEAD' || !request.url.includes('/api/uploads/')) return null;
      const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Offset': String(picture.length), 'Holdfast-Sha256': '0'.repeat(64) };
      return new Response(null, { status: 200, headers });
    };
    await p.sync();
    expect((await p.view(report))?.photos[0]?.onServer).toBe(false);
  });

  it('do not count as there when a report lists other bytes under the same id (P7)', async () => {
    const { report, photo } = await taken();
    p.server.before = (request) => (request.url.includes('/api/uploads') ? problem(503, 'unavailable') : null);
    const bytes = Buffer.from('other bytes');
    const other = { photo, report, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, type: 'image/jpeg', bytes };
    p.server.uploads.set('other', other);
    await p.sync();
    expect((await p.store.copy(report))?.photos).toMatchObject([{ photo, sha256: other.sha256 }]);
    expect(await p.store.db.photos.get(photo)).toMatchObject({ state: 'pending', doneAt: null });
    expect(await p.view(report)).toMatchObject({ pendingPhotos: 1, state: 'phone' });
  });

  it('count as there when a report lists them with their own hash, though the answer to the upload was lost', async () => {
    const { report, photo } = await taken();
    p.server.before = (request) => (request.url.includes('/api/uploads') ? problem(503, 'unavailable') : null);
    p.server.uploads.set('before', { photo, report, sha256, size: picture.length, type: 'image/jpeg', bytes: picture });
    await p.sync();
    expect(await p.store.db.photos.get(photo)).toMatchObject({ state: 'done', offset: picture.length });
  });

  it('are sent again when a newer report no longer lists them', async () => {
    const { report, photo } = await taken();
    await p.sync();
    expect(await p.store.db.photos.get(photo)).toMatchObject({ state: 'done' });
    p.server.uploads.clear();
    p.server.seqOf.set(report, ++p.server.seq);
    await p.sync();
    expect([...p.server.uploads.values()][0]?.bytes.equals(picture)).toBe(true);
    expect(await p.store.db.photos.get(photo)).toMatchObject({ state: 'done' });
  });

  it('stay on this phone beyond the 30 days unless the server lists them with their hash', async () => {
    const { prune } = await import('../src/outbox/pull');
    const later = Date.now() + 31 * 86_400_000;
    const { report, photo } = await taken();
    await p.sync();
    const copy = await p.store.copy(report);
    if (!copy) throw new Error('no copy');
    const listing = (photos: typeof copy.photos) =>
      p.store.db.reports.put({ id: report, seq: copy.seq, body: { v: 0, plain: { ...copy, photos } } });
    await listing([]);
    await prune(p.store, later);
    await listing(copy.photos.map((each) => ({ ...each, sha256: '0'.repeat(64) })));
    await prune(p.store, later);
    expect(await p.store.bytes(photo)).not.toBeNull();
    await listing(copy.photos);
    await prune(p.store, later);
    expect(await p.store.bytes(photo)).toBeNull();
    expect(await p.store.db.photos.get(photo)).toBeUndefined();
  });

  it.each([
    [404, 'not_found'],
    [403, 'forbidden'],
    [413, 'too_large']
  ])('that the server does not take (%i) are set aside with the reason, and hold up nothing', async (status, code) => {
    const { report, photo } = await taken();
    p.server.before = (request) => (request.url.endsWith('/api/uploads') ? problem(status, code) : null);
    await p.sync();
    await p.sync();
    expect(p.server.requests.filter((each) => each.path === '/api/uploads')).toHaveLength(1);
    expect(await p.store.db.photos.get(photo)).toMatchObject({ state: 'stuck', reason: code });
    const view = await p.view(report);
    expect(view).toMatchObject({ state: 'needs_you', pendingPhotos: 1 });
    expect(view?.quarantined).toMatchObject([{ op: photo, reason: code }]);
    expect(get(p.outbox.safety)).toMatchObject({ pendingPhotos: 1, refused: 1, error: null });
    p.server.before = () => null;
    await p.engine.retryStuck(p.store);
    await p.sync();
    expect(await p.view(report)).toMatchObject({ state: 'server', pendingPhotos: 0, quarantined: [] });
  });

  it('that could not be announced through a portal or a failing server are tried again', async () => {
    const { photo } = await taken();
    for (const answer of [() => new Response('no', { status: 404 }), () => problem(503, 'unavailable')]) {
      p.server.before = (request) => (request.url.endsWith('/api/uploads') ? answer() : null);
      await p.sync();
      expect(await p.store.db.photos.get(photo)).toMatchObject({ state: 'pending' });
    }
  });

  it('go on where they were after the app was killed', async () => {
    const { report } = await taken();
    let parts = 0;
    p.server.before = (request) => (request.method === 'PATCH' && ++parts > 1 ? problem(503, 'unavailable') : null);
    await p.sync();
    expect((await p.view(report))?.photos[0]).toMatchObject({ onServer: false, offset: 1_048_576 });
    p.server.before = () => null;
    const again = await reopen(p.server);
    const before = p.server.requests.length;
    await again.sync();
    const sent = p.server.requests.slice(before).filter((each) => each.method === 'PATCH');
    expect(sent).toHaveLength(2);
    expect(p.server.uploads.size).toBe(1);
    expect((await again.view(report))?.photos[0]?.onServer).toBe(true);
  });

  it('begin again when the bytes were damaged on the way', async () => {
    const { report } = await taken();
    let damaged = false;
    p.server.before = (request, body) => {
      if (request.method === 'PATCH' && !damaged) {
        damaged = true;
        (body as Buffer)[5] = ((body as Buffer)[5] ?? 0) ^ 1;
      }
      return null;
    };
    await p.sync();
    expect((await p.view(report))?.photos[0]?.onServer).toBe(true);
  });

  it('are announced anew when the server no longer knows the upload', async () => {
    const { report } = await taken();
    p.server.before = (request) => (request.method === 'PATCH' ? problem(503, 'unavailable') : null);
    await p.sync();
    p.server.uploads.clear();
    p.server.before = () => null;
    await p.sync();
    expect((await p.view(report))?.photos[0]?.onServer).toBe(true);
  });

  it('wait behind ops that are saved while they are on their way', async () => {
    const { report } = await taken();
    let saved = false;
    p.server.before = async (request) => {
      if (request.method === 'PATCH' && !saved) {
        saved = true;
        await p.outbox.save(report, [{ entity: 'report', field: 'narrative', value: 'meanwhile' }]);
        p.engine.wake();
      }
      return null;
    };
    await p.sync();
    const order = p.server.requests.map((each) => (each.path === '/api/push' ? 'ops' : each.method)).filter((each) => ['ops', 'PATCH'].includes(each));
    expect(order).toEqual(['ops', 'PATCH', 'ops', 'PATCH', 'PATCH']);
  });
});
