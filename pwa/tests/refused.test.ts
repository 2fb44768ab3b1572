/** What becomes of ops that the server keeps without applying them. */
import { beforeEach, describe, expect, it } from 'vitest';
import { phone, type Phone } from './cast';
import { OFFICER } from './server';

let p: Phone;

beforeEach(async () => {
  p = await phone();
});

const words = (value: string, field = 'narrative') => [{ entity: 'report', field, value }];

describe('refused ops', () => {
  it.each(['newer_op_format', 'unknown_kind', 'field_twice', 'malformed', 'op_id_reused'])(
    'never takes an op for applied that the server could not read (%s), though no report lists it',
    async (reason) => {
      const id = await p.outbox.newReport(words('first'));
      await p.sync();
      await p.outbox.save(id, words('unread'));
      const op = (await p.store.opsOf(id)).at(-1);
      p.server.refuse.set(op?.op ?? '', reason);
      await p.sync();
      await p.outbox.save(id, words('later', 'address'));
      await p.sync();
      expect((await p.store.copy(id))?.quarantined).toEqual([]);
      expect(await p.store.op(op?.op ?? '')).toMatchObject({ state: 'refused', verdict: 'quarantined', reason });
      const view = await p.view(id);
      expect(view?.quarantined).toMatchObject([{ op: op?.op, reason }]);
      expect(view?.quarantined[0]?.edits?.[0]?.value).toBe('unread');
      expect(view?.state).toBe('needs_you');
    }
  );

  it.each([
    ['waiting_for_base', 'acked'],
    ['unknown_entity', 'acked'],
    ['rule_failed', 'acked'],
    ['revoked_device', 'acked'],
    ['report_locked', 'refused'],
    ['bad_value', 'refused']
  ])('an op refused with %s that a newer report no longer lists is %s', async (reason, state) => {
    const id = await p.outbox.newReport(words('a'));
    const [op] = await p.store.opsOf(id);
    p.server.refuse.set(op?.op ?? '', reason);
    await p.sync();
    expect((await p.store.opsOf(id))[0]?.state).toBe('refused');
    const stored = p.server.stored.get(op?.op ?? '');
    if (stored) stored.receipt = { ...stored.receipt, verdict: 'applied', reason: null };
    p.server.seqOf.set(id, ++p.server.seq);
    await p.sync();
    expect((await p.store.opsOf(id))[0]?.state).toBe(state);
  });

  it('lays the words of one that waited over nothing once it is refused for good', async () => {
    const id = await p.outbox.newReport(words('a'));
    await p.sync();
    await p.outbox.save(id, words('b'));
    const op = (await p.store.opsOf(id)).at(-1)?.op ?? '';
    p.server.refuse.set(op, 'waiting_for_base');
    await p.sync();
    const now = async () => (await p.view(id))?.snapshot.fields['report']?.['narrative']?.map((head) => head.value);
    expect(await now()).toEqual(['b']);
    const stored = p.server.stored.get(op);
    if (stored) stored.receipt = { ...stored.receipt, reason: 'bad_value' };
    p.server.seqOf.set(id, ++p.server.seq);
    await p.sync();
    expect(await p.store.op(op)).toMatchObject({ state: 'refused', reason: 'bad_value' });
    expect(await now()).toEqual(['a']);
    expect(await p.view(id)).toMatchObject({ state: 'needs_you', late: [{ op }] });
  });

  it('sends one that waited once more where a report lists only some, and takes its receipt for the truth', async () => {
    const id = await p.outbox.newReport(words('a'));
    const [op] = await p.store.opsOf(id);
    p.server.refuse.set(op?.op ?? '', 'waiting_for_base');
    await p.sync();
    p.server.dress = (copy) => ({ ...copy, quarantined: [], kept: 60 });
    p.server.seqOf.set(id, ++p.server.seq);
    const sent = p.server.pushes().length;
    await p.sync();
    await p.sync();
    expect(p.server.pushes().slice(sent).flat().map((each) => each.op)).toEqual([op?.op]);
    expect((await p.store.opsOf(id))[0]).toMatchObject({ state: 'refused', reason: 'waiting_for_base' });
    expect(await p.view(id)).toMatchObject({ unlisted: 60 });
  });

  it('shows the own words for which a copy had no room', async () => {
    const id = await p.outbox.newReport(words('long'));
    const [op] = await p.store.opsOf(id);
    p.server.refuse.set(op?.op ?? '', 'bad_value');
    p.server.dress = (copy) => ({ ...copy, quarantined: copy.quarantined.map((each) => ({ ...each, edits: null })) });
    await p.sync();
    await p.sync();
    expect((await p.store.copy(id))?.quarantined[0]?.edits).toBeNull();
    expect((await p.view(id))?.quarantined[0]?.edits?.[0]?.value).toBe('long');
  });

  it("needs its author, and is told to the report's other officers", async () => {
    const id = await p.outbox.newReport(words('a'));
    await p.sync();
    const entry = {
      op: 'late', sha256: 'late', kind: 'edit' as const, device: 'd', reason: 'report_locked', received: '2026-11-23T21:00:00Z',
      not_before: null, wall: '2026-11-23T21:00:00Z', edits: [{ entity: 'report', field: 'beat', base: [], value: '1012' }]
    };
    for (const [actor, state] of [['a colleague', 'server'], [null, 'server'], [OFFICER.id, 'needs_you']] as const) {
      p.server.dress = (copy) => ({ ...copy, quarantined: [{ ...entry, actor }] });
      p.server.seqOf.set(id, ++p.server.seq);
      await p.sync();
      expect(await p.view(id)).toMatchObject({ state, quarantined: [{ op: 'late' }] });
    }
  });
});
