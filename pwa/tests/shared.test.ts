/** One phone, two users: nothing of one reaches the store or the session of the other. */
import { beforeEach, describe, expect, it } from 'vitest';
import { phone, type Phone } from './cast';
import { OFFICER, SECOND, json, problem } from './server';

let p: Phone;

beforeEach(async () => {
  p = await phone();
});

const words = (value: string) => [{ entity: 'report', field: 'narrative', value }];
const signIn = (name: string): Promise<void> => p.session.signIn(name, 'a long password');

async function change(to: string): Promise<void> {
  await p.session.signOut();
  await signIn(to);
}

/** A report of the second officer, on the server; the first one is signed in again. */
async function theirs(): Promise<string> {
  await change('second');
  const report = await p.outbox.newReport(words('not for the first officer'));
  await p.sync();
  await change('officer');
  return report;
}

/** Change the user at the first request to `path`, then answer. */
function changeAt(path: string, answer: () => Response | null): void {
  let changed = false;
  p.server.before = async (request) => {
    if (changed || !request.url.includes(path)) return null;
    changed = true;
    await change('second');
    return answer();
  };
}

describe('a phone that two officers use', () => {
  it('reads nothing into the store of a user who left while their work was being sent', async () => {
    const report = await theirs();
    await p.outbox.newReport(words('mine'));
    changeAt('/api/push', () => null);
    await p.sync();
    expect(await p.store.copy(report)).toBeNull();
    expect(await p.store.meta('people')).toBeNull();
  });

  it('does not read on with the next user\'s session where the token of the first was refused', async () => {
    const report = await theirs();
    changeAt('/api/pull', () => problem(401, 'login_required'));
    await p.sync();
    expect(await p.store.copy(report)).toBeNull();
  });

  it('keeps no answer that came after its reader had left', async () => {
    const report = await p.outbox.newReport(words('mine'));
    changeAt('/api/pull', () => json({ changes: [p.server.copy(report, 1)], left: [], people: {}, devices: {}, cursor: 'x', more: false, reset: true, beacon: null }));
    await p.sync();
    expect(await p.store.meta('cursor')).toBeNull();
  });

  it('never gives a user the token that another user\'s renewal brings', async () => {
    let answer: (response: Response) => void = () => undefined;
    const held = new Promise<Response>((resolve) => (answer = resolve));
    let asked = false;
    p.server.before = (request) => {
      if (asked || !request.url.endsWith('/refresh')) return null;
      asked = true;
      return held;
    };
    const first = p.session.sessionToken('session');
    await change('second');
    const second = p.session.sessionToken('session-second');
    answer(json({ access_token: 'session', expires_in: 900, user: OFFICER }));
    expect(await first).toBe('session');
    expect(await second).toBe('session-second');
  });

  it('delivers what a user left behind by the device\'s own signature, never by the session of the present one', async () => {
    p.server.down = true;
    await p.outbox.newReport(words('left behind'));
    await p.session.signOut();
    p.server.down = false;
    await signIn('second');
    await p.sync();
    const pushes = p.server.requests.filter((each) => each.path === '/api/push');
    expect(pushes.map((each) => each.token)).toEqual(['upload']);
    expect([...p.server.stored.values()][0]?.payload.actor).toBe(OFFICER.id);
    const token = await p.session.deliveryBearer(OFFICER.id)();
    expect(token).toBe('upload');
    expect(await p.session.deliveryBearer(SECOND.id)()).toBe('session-second');
  });

  it('sends the present user\'s new ops between the parts of a photo that another user left', async () => {
    p.server.down = true;
    const report = await p.outbox.newReport(words('left behind'));
    await p.outbox.addPhoto(report, new Blob([new Uint8Array(2_500_000)], { type: 'image/jpeg' }), {});
    await p.session.signOut();
    p.server.down = false;
    await signIn('second');
    let parts = 0;
    p.server.before = async (request) => {
      if (request.method === 'PATCH' && ++parts === 1) {
        await p.outbox.holdFootage(await p.outbox.newReport(), { wearer_star: '54321' });
        p.engine.wake();
      }
      return null;
    };
    await p.sync();
    const order = p.server.requests.filter((each) => each.path === '/api/push' || each.method === 'PATCH');
    expect(order.map((each) => `${each.method} ${each.token}`)).toEqual([
      'POST upload',
      'PATCH upload',
      'POST session-second',
      'PATCH upload',
      'PATCH upload'
    ]);
  });
});
