/** Deciding about words that stand aside: kept ops, merged texts, and what others settled. */
import { get } from 'svelte/store';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { decision, keptName, undecided } from '../src/sync/late';
import { merged, unconfirmed } from '../src/sync/overlay';
import type { Copy, Quarantined, Settlement, Version } from '../src/sync/types';
import { phone, type Phone } from './cast';
import { OFFICER, SECOND, problem } from './server';

let p: Phone;
let report: string;

beforeEach(async () => {
  p = await phone();
  report = await p.outbox.newReport(words('a'));
  await p.sync();
});

const words = (value: string, field = 'narrative') => [{ entity: 'report', field, value }];
const last = async () => (await p.store.opsOf(report)).at(-1);

async function view() {
  const found = await p.view(report);
  if (!found) throw new Error('no view');
  return found;
}

/** An own edit that came after the approval. */
async function late(): Promise<Quarantined> {
  await p.outbox.save(report, words('late words'));
  p.server.refuse.set((await last())?.op ?? '', 'report_locked');
  await p.sync();
  await p.sync();
  const [entry] = (await view()).quarantined;
  if (!entry) throw new Error('nothing kept');
  return entry;
}

describe('a kept op', () => {
  it('waits for a decision, and no longer once its author says that nothing more is needed', async () => {
    const entry = await late();
    expect(await view()).toMatchObject({ state: 'needs_you', late: [{ sha256: entry.sha256 }] });
    await p.outbox.dismiss(report, entry.op, ' The report says it already. ');
    expect((await last())?.payload).toMatchObject({
      kind: 'dismiss',
      reason: 'The report says it already.',
      edits: [{ entity: 'review', field: `late/${entry.op}`, base: [], value: 'dismissed' }]
    });
    expect(await view()).toMatchObject({ state: 'phone', late: [], quarantined: [{ op: entry.op }] });
    await p.sync();
    await p.sync();
    expect(await view()).toMatchObject({ state: 'server', late: [], quarantined: [{ op: entry.op }] });
    expect(decision((await view()).snapshot, entry)?.value).toBe('dismissed');
  });

  it('needs a reason for each decision', async () => {
    const entry = await late();
    const none = { code: 'reason_missing' };
    await expect(p.outbox.dismiss(report, entry.op, ' ')).rejects.toMatchObject(none);
    await expect(p.outbox.admitCorrection(report, entry, '')).rejects.toMatchObject(none);
    const unread = { ...entry, edits: null };
    await expect(p.outbox.admitCorrection(report, unread, 'so')).rejects.toMatchObject({ code: 'not_whole' });
    await expect(p.outbox.admitSupplement(report, entry, 'x', '')).rejects.toMatchObject(none);
  });

  it('is admitted as a correction word for word, with the bases that its author had seen', async () => {
    const entry = await late();
    // Its author had not seen what this device wrote, and left a field empty.
    const unseen = { entity: 'report', field: 'narrative', base: [], value: 'late words' };
    const twice = { ...entry, edits: [unseen, { entity: 'report', field: 'beat', base: [], value: null }] };
    await p.outbox.admitCorrection(report, twice, 'Written in time.');
    const made = (await last())?.payload;
    expect(made).toMatchObject({ kind: 'admit', reason: 'Written in time.' });
    expect(made?.edits.filter((edit) => edit.entity !== 'review')).toEqual(twice.edits);
    expect(made?.edits.filter((edit) => edit.entity === 'review')).toEqual([
      { entity: 'review', field: `late/${entry.op}`, base: [], value: 'correction' }
    ]);
    expect((await view()).late).toEqual([]);
  });

  it('is admitted to an approved report as a supplement in the desk\'s words', async () => {
    const entry = await late();
    const supplement = await p.outbox.admitSupplement(report, entry, 'Officer One wrote: late words', 'It came late.');
    const made = (await last())?.payload;
    expect(made?.kind).toBe('admit');
    expect(made?.edits.map(({ entity, field, value }) => [entity, field, value])).toEqual([
      ['review', `late/${entry.op}`, 'supplement'],
      [supplement, '@entity', { list: 'supplements', parent: null }],
      [supplement, 'text', 'Officer One wrote: late words']
    ]);
    expect((await view()).snapshot.entities[supplement]?.list).toBe('supplements');
  });

  it('that bears another\'s id, or has none, is named by its hash', async () => {
    const hash = '9f'.repeat(32);
    expect(keptName({ op: 'x', sha256: hash, reason: 'op_id_reused' })).toBe(hash);
    expect(keptName({ op: `sha256:${hash}`, sha256: hash, reason: 'malformed' })).toBe(hash);
    expect(keptName({ op: 'x', sha256: hash, reason: 'report_locked' })).toBe('x');
    await p.outbox.dismiss(report, `sha256:${hash}`, 'Cannot be read.');
    expect((await last())?.payload.edits[0]?.field).toBe(`late/${hash}`);
  });

  it('waits for nobody where time mends it, where it was a step of the review, or where only this phone has it', async () => {
    const entry = await late();
    const { snapshot } = await view();
    const left = (changes: Partial<Quarantined>) => undecided(snapshot, [{ ...entry, ...changes }]).length;
    expect(left({})).toBe(1);
    expect(left({ kind: null })).toBe(1);
    for (const kind of ['hold', 'supplement', 'resolve'] as const) expect(left({ kind })).toBe(1);
    for (const kind of ['submit', 'return', 'approve', 'admit', 'dismiss'] as const) expect(left({ kind })).toBe(0);
    expect(left({ reason: 'waiting_for_base' })).toBe(0);
    expect(left({ received: null })).toBe(0);
  });

  it('whose dismissal is refused asks for itself, not twice', async () => {
    const entry = await late();
    await p.outbox.dismiss(report, entry.op, 'Written again.');
    p.server.refuse.set((await last())?.op ?? '', 'not_allowed');
    await p.sync();
    await p.sync();
    expect(await view()).toMatchObject({ state: 'needs_you', late: [{ op: entry.op }] });
  });

  it('that the server could not read is told in the words of the phone that wrote it', async () => {
    await p.outbox.save(report, words('unread'));
    const op = await last();
    p.server.refuse.set(op?.op ?? '', 'malformed');
    const unread = { op: `sha256:${op?.sha256}`, sha256: op?.sha256 ?? '', kind: null, actor: null, device: null, wall: null };
    const entry = { ...unread, reason: 'malformed', received: '2026-11-23T21:00:00+00:00', not_before: null, edits: [] };
    p.server.dress = (copy) => ({ ...copy, quarantined: [entry] });
    await p.sync();
    await p.sync();
    expect((await view()).quarantined).toMatchObject([
      { op: entry.op, sha256: op?.sha256, kind: 'edit', actor: OFFICER.id, reason: 'malformed', received: entry.received, edits: [{ value: 'unread' }] }
    ]);
  });
});

describe('a text merged from two', () => {
  const text = 'Two agents stopped a white car. They left at ten.';

  /** Two texts side by side, and the server's proposal. */
  async function apart(): Promise<Version[]> {
    const mine = (await view()).snapshot.fields['report']?.['narrative']?.[0] as Version;
    p.server.dress = (copy) => asked(copy);
    p.server.write(report, [{ entity: 'report', field: 'narrative', base: [], value: 'They left at ten.' }]);
    await p.sync();
    const heads = (await view()).snapshot.fields['report']?.['narrative'] ?? [];
    expect(heads[0]).toEqual(mine);
    return heads;
  }

  function asked(copy: Copy): Copy {
    const heads = copy.snapshot.fields['report']?.['narrative'] ?? [];
    const open: Copy['snapshot']['open'] = heads.length > 1 ? { report: { narrative: { kind: 'merged', text, seen: [] } } } : {};
    return { ...copy, snapshot: { ...copy.snapshot, open } };
  }

  it('is a question of its own, and confirmed with every version that it was made from', async () => {
    const heads = await apart();
    const before = await view();
    expect(before.state).toBe('needs_you');
    expect(unconfirmed(before.snapshot)).toMatchObject([{ entity: 'report', field: 'narrative', text }]);
    await p.outbox.confirmMerged(report, 'report', 'narrative', text);
    expect((await last())?.payload).toMatchObject({
      kind: 'resolve',
      reason: 'Merged text read and confirmed',
      edits: [{ base: heads.map((head) => head.op), value: text }]
    });
    const { snapshot } = await view();
    expect(merged(snapshot, 'report', 'narrative')).toBeNull();
    expect(unconfirmed(snapshot)).toEqual([]);
    await p.sync();
    expect((await view()).state).toBe('server');
  });

  it('is not confirmed where it changed while the person read it, or where somebody decided', async () => {
    await apart();
    const changed = { code: 'changed_meanwhile' };
    await expect(p.outbox.confirmMerged(report, 'report', 'narrative', 'an older text')).rejects.toMatchObject(changed);
    await p.outbox.confirmMerged(report, 'report', 'narrative');
    await expect(p.outbox.confirmMerged(report, 'report', 'narrative')).rejects.toMatchObject(changed);
  });

  it('gives way to what its reader wrote beside it, until the server has looked again', async () => {
    await apart();
    await p.outbox.save(report, words('Two agents stopped a red car.'));
    expect(merged((await view()).snapshot, 'report', 'narrative')).toBeNull();
    expect((await view()).state).toBe('phone');
  });
});

describe('choosing', () => {
  it('ends only the versions that were in sight: one that came meanwhile stays, as a conflict (P2)', async () => {
    const mine = (await view()).snapshot.fields['report']?.['narrative']?.[0]?.op ?? '';
    const theirs = p.server.write(report, [{ entity: 'report', field: 'narrative', base: [], value: 'b' }]);
    await p.sync();
    const third = p.server.write(report, [{ entity: 'report', field: 'narrative', base: [], value: 'c' }]);
    await p.sync();
    await p.outbox.save(report, [{ entity: 'report', field: 'narrative', value: 'a', base: [mine, theirs] }], 'resolve', 'I was there.');
    expect((await last())?.payload.edits[0]?.base).toEqual([mine, theirs]);
    expect((await view()).snapshot.fields['report']?.['narrative']?.map((head) => head.op)).toEqual([third, (await last())?.op]);
  });
});

describe('a notice', () => {
  const version = (op: string, actor: string): Version => ({
    op, actor, device: 'd', wall: '', offset: 0, received: null, not_before: null, base: [], value: op
  });
  const settlement = (op: string, actor: string, not_kept: Version[]): Settlement => ({
    op, actor, device: 'd', wall: '', offset: 0, received: null, value: 'v', entity: 'report', field: 'address', reason: 'r', not_kept
  });

  it('tells whoever wrote what others did not keep, newest first, until they put it away on this device', async () => {
    const settled = [
      settlement('1', SECOND.id, [version('x', OFFICER.id), version('y', SECOND.id)]),
      settlement('2', OFFICER.id, [version('x', OFFICER.id)]),
      settlement('3', SECOND.id, [version('y', SECOND.id)]),
      // What a desk took in late stays the words of who wrote it.
      settlement('4', SECOND.id, [{ ...version('z', 'desk'), words_of: version('late', OFFICER.id) }])
    ];
    p.server.dress = (copy) => ({ ...copy, snapshot: { ...copy.snapshot, settled } });
    p.server.seqOf.set(report, ++p.server.seq);
    await p.sync();
    const notices = p.outbox.noticesOf(await view(), OFFICER.id);
    expect(notices.map((each) => [each.op, each.mine.map((one) => one.op)])).toEqual([['4', ['z']], ['1', ['x']]]);
    await p.outbox.dismissNotice(report, notices[0]!);
    const again = p.outbox.noticesOf(await view(), OFFICER.id);
    expect(again.map((each) => each.op)).toEqual(['1']);
    expect(p.outbox.noticesOf(await view(), SECOND.id)).toEqual([]);
    // The server hears nothing of it; a new life of the app knows it.
    const { reopen } = await import('./cast');
    const next = await reopen(p.server);
    const found = await next.view(report);
    expect(found && next.outbox.noticesOf(found, OFFICER.id).map((each) => each.op)).toEqual(['1']);
  });
});

describe('devices that are behind', () => {
  const contact = { device: 'd', name: 'iPhone', actor: SECOND.id, unsent: 7, missing: 0, at: '2026-11-23T21:14:00+00:00' };
  const asked = () => p.server.requests.filter((each) => each.path === '/api/contacts').length;
  const rounds = async (count: number): Promise<void> => {
    for (let round = 0; round < count; round++) await p.sync();
  };

  it('are asked for only while somebody looks, and at most every 30 seconds', async () => {
    p.server.contacts = [contact];
    await rounds(2);
    expect(asked()).toBe(0);
    const seen = p.outbox.contacts();
    const stop = seen.subscribe(() => undefined);
    await vi.waitFor(() => expect(get(seen)).toEqual([contact]));
    await rounds(3);
    expect(asked()).toBe(1);
    const { refreshContacts } = await import('../src/outbox/contacts');
    p.server.contacts = [];
    await refreshContacts(performance.now() + 31_000);
    expect(get(seen)).toEqual([]);
    stop();
  });

  it('stay as they were told last while the server is away, and are nobody else\'s', async () => {
    p.server.contacts = [contact];
    const seen = p.outbox.contacts();
    const stop = seen.subscribe(() => undefined);
    await vi.waitFor(() => expect(get(seen)).toEqual([contact]));
    const { refreshContacts } = await import('../src/outbox/contacts');
    p.server.before = (request) => (request.url.includes('/api/contacts') ? problem(503, 'unavailable') : null);
    await refreshContacts(performance.now() + 31_000);
    expect(get(seen)).toEqual([contact]);
    await p.session.signOut();
    expect(get(seen)).toEqual([]);
    stop();
  });
});
