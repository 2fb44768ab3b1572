import { importJWK, jwtVerify, type JWK } from 'jose';
import { get } from 'svelte/store';
import { describe, expect, it } from 'vitest';
import { phone, reopen, type Phone } from './cast';
import { FIRST_DEVICE, OFFICER, json, portal, problem } from './server';

type Enrolment = { public_jwk: Record<string, string>; assertion?: string };

function enrolments(p: Phone): Enrolment[] {
  return p.server.requests.filter((each) => each.path === '/api/devices').map((each) => each.body as Enrolment);
}

describe('session', () => {
  it('starts without a network as the last user of this phone', async () => {
    const first = await phone();
    first.server.down = true;
    const again = await reopen(first.server);
    expect(get(again.session.session).user).toMatchObject({ id: OFFICER.id, username: 'officer' });
  });

  it('keeps the key on this phone: it cannot be taken out', async () => {
    const p = await phone();
    const device = await p.session.deviceOf(OFFICER.id);
    expect(device?.privateKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('jwk', device?.privateKey as CryptoKey)).rejects.toThrow();
  });

  it('tells the server of one key a user at every sign-in, and which device it was with it', async () => {
    const p = await phone();
    await p.session.signOut();
    await p.session.signIn('officer', 'a long password');
    const [first, again] = enrolments(p);
    expect(again?.public_jwk).toEqual(first?.public_jwk);
    expect(first?.assertion).toBeUndefined();
    const key = await importJWK(again?.public_jwk as JWK, 'ES256');
    const { payload } = await jwtVerify(again?.assertion ?? '', key, { audience: 'holdfast' });
    expect(payload.iss).toBe(FIRST_DEVICE);
  });

  it('delivers again what a server refused that had forgotten this phone (P12)', async () => {
    const p = await phone();
    const report = await p.outbox.newReport([{ entity: 'report', field: 'narrative', value: 'a' }]);
    const [op] = await p.store.opsOf(report);
    p.server.refuse.set(op?.op ?? '', 'unknown_device');
    p.server.before = (request) => (request.url.endsWith('/api/devices') ? problem(503, 'unavailable') : null);
    await p.sync();
    expect((await p.store.opsOf(report))[0]).toMatchObject({ state: 'refused', reason: 'unknown_device' });
    p.server.before = () => null;
    p.server.refuse.clear();
    p.server.stored.clear();
    await p.session.signOut();
    await p.session.signIn('officer', 'a long password');
    await p.sync();
    expect((await p.store.opsOf(report))[0]).toMatchObject({ state: 'acked', reason: null });
  });

  it('tells a server of its key that has forgotten it, without a sign-in, and not again with each answer (P12)', async () => {
    const p = await phone();
    const report = await p.outbox.newReport([{ entity: 'report', field: 'narrative', value: 'a' }]);
    const [op] = await p.store.opsOf(report);
    p.server.refuse.set(op?.op ?? '', 'unknown_device');
    const told = enrolments(p).length;
    p.server.before = (request) => {
      if (request.url.endsWith('/api/devices')) {
        p.server.refuse.clear();
        p.server.stored.clear();
      }
      return null;
    };
    await p.sync();
    await p.sync();
    expect((await p.store.opsOf(report))[0]).toMatchObject({ state: 'acked', reason: null });
    expect(enrolments(p)).toHaveLength(told + 1);
  });

  it('signs in though the server cannot take the key just now, where it was enrolled before', async () => {
    const p = await phone();
    await p.session.signOut();
    let asked = 0;
    p.server.before = (request) => {
      if (!request.url.endsWith('/api/devices')) return null;
      asked += 1;
      return problem(401, 'bad_assertion');
    };
    await p.session.signIn('officer', 'a long password');
    expect((await p.session.deviceOf(OFFICER.id))?.id).toBe(FIRST_DEVICE);
    expect(asked).toBe(1);
  });

  it('takes a key that was revoked before we heard of it for lost, and makes a new one', async () => {
    const p = await phone();
    const old = await p.session.deviceOf(OFFICER.id);
    await p.session.markRevoked(old?.id ?? '');
    let tries = 0;
    p.server.before = (request) => {
      if (!request.url.endsWith('/api/devices')) return null;
      return ++tries === 1 ? problem(409, 'key_taken') : json({ id: '01890000-0000-7000-8000-0000000000d2' }, 201);
    };
    await p.session.signIn('officer', 'a long password');
    expect((await p.session.deviceOf(OFFICER.id))?.id).toMatch(/d2$/);
  });

  it('a wrong password is an ApiProblem with the server\'s code, and nobody is signed in', async () => {
    const p = await phone();
    await p.session.signOut();
    p.server.before = (request) => (request.url.endsWith('/api/session') ? problem(401, 'bad_credentials') : null);
    await expect(p.session.signIn('officer', 'x')).rejects.toMatchObject({ status: 401, code: 'bad_credentials' });
    expect(get(p.session.session).user).toBeNull();
  });

  it('a captive portal does not sign anybody in', async () => {
    const p = await phone();
    await p.session.signOut();
    p.server.before = () => portal();
    await expect(p.session.signIn('officer', 'x')).rejects.toMatchObject({ code: 'not_holdfast' });
    expect(get(p.session.session).user).toBeNull();
  });

  it('renews an expired token once and goes on, for all who ask at the same moment', async () => {
    const p = await phone();
    const before = p.server.requests.filter((each) => each.path === '/api/session/refresh').length;
    const tokens = await Promise.all([1, 2, 3].map(() => p.session.sessionToken('session')));
    expect(tokens).toEqual(['session', 'session', 'session']);
    expect(p.server.requests.filter((each) => each.path === '/api/session/refresh')).toHaveLength(before + 1);
  });

  it('does not read as another user whose cookie this browser has by now', async () => {
    const p = await phone();
    p.server.before = (request) =>
      request.url.endsWith('/refresh')
        ? json({ access_token: 'theirs', expires_in: 900, user: { ...OFFICER, id: 'another' } })
        : null;
    expect(await p.session.sessionToken('session')).toBeNull();
    expect(get(p.session.session)).toMatchObject({ needsLogin: true, user: { id: OFFICER.id } });
  });

  it('signs again with the server\'s nonce where the clock of the phone is far off', async () => {
    const p = await phone();
    p.server.sessionEnded = true;
    const assertions: string[] = [];
    p.server.before = (request, body) => {
      if (!request.url.endsWith('/api/devices/token')) return null;
      assertions.push((body as { assertion: string }).assertion);
      if (assertions.length > 1) return null;
      const document = { title: 't', status: 401, detail: 'd', code: 'device_clock', retry: 'backoff', nonce: 'n-1' };
      return new Response(JSON.stringify(document), { status: 401, headers: { 'Content-Type': 'application/problem+json' } });
    };
    await p.outbox.newReport([{ entity: 'report', field: 'narrative', value: 'a' }]);
    await p.sync();
    const claims = assertions.map((each) => JSON.parse(Buffer.from(each.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>);
    expect(claims.map((each) => each['nonce'])).toEqual([undefined, 'n-1']);
    expect(claims[1]).toMatchObject({ aud: 'holdfast', iss: '01890000-0000-7000-8000-0000000000d1' });
    expect(p.server.stored.size).toBe(1);
  });
});

describe('two tabs without locks between them', () => {
  it('never give out a number of the device twice', async () => {
    const one = await phone();
    const report = await one.outbox.newReport([{ entity: 'report', field: 'narrative', value: '0' }]);
    const two = await reopen(one.server);
    const save = (tab: typeof one, value: string) => tab.outbox.save(report, [{ entity: 'report', field: 'address', value }]);
    await Promise.all([save(one, 'a'), save(two, 'b')]);
    const ops = await one.store.opsOf(report);
    expect(ops.map((op) => op.n)).toEqual([1, 2, 3]);
    expect(ops.map((op) => op.payload.prev)).toEqual([null, ops[0]?.sha256, ops[1]?.sha256]);
  });
});
