/** A device that was revoked: only it is, its work is still delivered, and the person is told what to do. */
import { beforeEach, describe, expect, it } from 'vitest';
import { phone, type Phone } from './cast';
import { FIRST_DEVICE, OFFICER, SECOND_DEVICE, json } from './server';

let p: Phone;

beforeEach(async () => {
  p = await phone();
});

const words = (value: string) => [{ entity: 'report', field: 'narrative', value }];

/** Enrol again under another id, as after a revocation. */
async function enrolAgain(): Promise<void> {
  await p.session.signOut();
  p.server.before = (request) => (request.url.endsWith('/api/devices') ? json({ id: SECOND_DEVICE, name: 'x' }, 201) : null);
  await p.session.signIn('officer', 'a long password');
}

describe('a revoked device', () => {
  it('takes no other device of the same batch with it', async () => {
    p.server.down = true;
    const report = await p.outbox.newReport(words('by the first'));
    const first = (await p.store.opsOf(report))[0];
    p.server.down = false;
    await p.session.markRevoked(FIRST_DEVICE);
    await enrolAgain();
    await p.outbox.save(report, words('by the second'));
    p.server.refuse.set(first?.op ?? '', 'revoked_device');
    await p.sync();
    expect(p.server.pushes()[0]?.map((op) => op.device)).toEqual([FIRST_DEVICE, SECOND_DEVICE]);
    expect((await p.session.deviceOf(OFFICER.id))?.id).toBe(SECOND_DEVICE);
  });

  it('saves nothing more and says how to go on; the next sign-in enrols a new one', async () => {
    const report = await p.outbox.newReport(words('late'));
    const op = (await p.store.opsOf(report))[0];
    p.server.refuse.set(op?.op ?? '', 'revoked_device');
    await p.sync();
    await expect(p.outbox.save(report, words('more'))).rejects.toMatchObject({ code: 'device_revoked' });
    await enrolAgain();
    await p.outbox.save(report, words('more'));
    expect((await p.store.opsOf(report)).at(-1)?.device).toBe(SECOND_DEVICE);
  });
});
