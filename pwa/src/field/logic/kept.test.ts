import { describe, expect, it } from 'vitest';
import form from '../../../../sync/forms/incident.v1.json';
import { MENDS_ITSELF } from '../../sync/late';
import { ENTITY, empty } from '../../sync/overlay';
import type { Edit, FormDefinition, Quarantined, ReportState, Snapshot, Version } from '../../sync/types';
import { linesOf, supplementText, waysAgain, writtenAs } from './again';
import { canBeSettled, isOpenEntry, keptOf, waitsForYou, writable } from './kept';
import { links } from './place';
import { nextWords, reasonOf } from './verdicts';

const definition = form as unknown as FormDefinition;
const WALL = '2026-11-23T20:00:00Z';

function version(op: string, value: unknown, actor = 'desk'): Version {
  return { op, actor, device: 'd', wall: WALL, offset: 0, received: WALL, not_before: null, base: [], value };
}

function kept(op: string, reason: string, more: Partial<Quarantined> = {}): Quarantined {
  const edits = [edit('report', 'address', 'the south corner')];
  const from = { actor: 'me', device: 'd', received: WALL, wall: WALL, not_before: null };
  return { op, sha256: `hash-${op}`, kind: 'edit', reason, ...from, edits, ...more };
}

function edit(entity: string, field: string, value: unknown): Edit {
  return { entity, field, base: [], value };
}

function report(state: ReportState, settled: Record<string, string> = {}): Snapshot {
  const late = Object.entries(settled).map(([op, value]) => [`late/${op}`, [version(`s-${op}`, value)]]);
  const view = empty('r', { id: 'incident', version: 1 }, 'me', '010');
  return { ...view, state, fields: { review: Object.fromEntries(late) } };
}

describe('a change that the server keeps without applying it', () => {
  it('waits until somebody settles it, and then says how', () => {
    const all = [kept('a', 'report_locked'), kept('b', 'bad_value'), kept('c', 'report_locked')];
    const found = keptOf(report('approved', { a: 'supplement', b: 'dismissed' }), all, 'me');
    expect(found.map((one) => [one.one.op, one.ended?.as ?? null])).toEqual([
      ['c', null],
      ['a', 'supplement'],
      ['b', 'dismissed']
    ]);
    expect(found.map(waitsForYou)).toEqual([true, false, false]);
  });

  it('tells two changes under one number apart, and settles the second by its hash', () => {
    const [first, second] = [kept('a', 'bad_value'), kept('a', 'op_id_reused', { sha256: 'other' })];
    const found = keptOf(report('draft', { other: 'dismissed' }), [first, second], 'me');
    expect(new Set(found.map((one) => one.key)).size).toBe(2);
    expect(found.map((one) => [one.key, one.ended?.as ?? null])).toEqual([
      ['hash-a', null],
      ['other', 'dismissed']
    ]);
  });

  it('asks nothing of anybody for what mends itself or is another person’s', () => {
    const [waits, others] = [kept('a', 'waiting_for_base'), kept('b', 'report_locked', { actor: 'else' })];
    expect(keptOf(report('approved'), [waits, others], 'me').some(waitsForYou)).toBe(false);
    expect(canBeSettled(keptOf(report('approved'), [others], 'me')[0]!)).toBe(false);
  });

  it('is over once the review has gone past the step that was refused', () => {
    const submit = kept('b', 'incomplete', { kind: 'submit', edits: [] });
    const view = report('submitted');
    expect(keptOf(view, [submit], 'me').map(waitsForYou)).toEqual([true]);
    view.fields['review'] = { state: [{ ...version('c', 'submitted'), received: '2026-11-23T20:00:01Z' }] };
    expect(keptOf(view, [submit], 'me').map(waitsForYou)).toEqual([false]);
    view.fields['review'] = { state: [{ ...version('c', 'submitted'), received: '2026-11-23T19:59:59Z' }] };
    expect(keptOf(view, [submit], 'me').map(waitsForYou)).toEqual([true]);
    expect(keptOf(view, [kept('d', 'not_kept_aside', { kind: 'dismiss' })], 'me').some(isOpenEntry)).toBe(false);
  });

  it('cannot be settled while only this phone has it', () => {
    const photo = kept('p', 'too_large', { received: null });
    expect(canBeSettled(keptOf(report('draft'), [photo], 'me')[0]!)).toBe(false);
    expect(canBeSettled(keptOf(report('draft'), [kept('a', 'bad_value')], 'me')[0]!)).toBe(true);
  });

  it('says what happens next in plain words, also for a code that it does not know', () => {
    expect(nextWords(kept('a', 'report_locked'), true)).toContain('The desk decides');
    expect(nextWords(kept('a', 'newer_op_format'), true)).toContain('Update needed');
    expect(nextWords(kept('a', 'bad_value'), true)).toContain('Write it again');
    expect(nextWords(kept('a', 'incomplete', { kind: 'submit' }), true)).toContain('submit again');
    expect(reasonOf('new_code').why).toContain('new_code');
    const words = (code: string): string => reasonOf(code, false).why;
    for (const code of ['not_allowed', 'revoked_device', 'bad_signature']) expect(words(code)).not.toMatch(/[Yy]our|[Tt]his phone/);
    expect(words('report_locked')).toBe(reasonOf('report_locked').why);
    for (const code of MENDS_ITSELF) expect(reasonOf(code).next).toBe('itself');
  });
});

describe('saying it again', () => {
  const only = (view: Snapshot, one: Quarantined) => waysAgain(view, definition, keptOf(view, [one], 'me')[0]!);

  it('opens the field while the report is open, and a supplement once it is approved', () => {
    const one = kept('a', 'report_locked');
    expect(only(report('draft'), one)).toEqual([
      { href: links.again('r', 'hash-a', 'report', 'address'), label: 'Write it again' }
    ]);
    expect(only(report('approved'), one)).toEqual([
      { href: links.supplement('r', 'hash-a'), label: 'Write it as a supplement' }
    ]);
    expect(only(report('submitted'), one)).toEqual([]);
  });

  it('asks for a hold anew, and offers nothing for another person’s words or settled ones', () => {
    const hold = kept('h', 'hold_names_other_camera', { kind: 'hold' });
    expect(only(report('draft'), hold)[0]?.href).toBe(links.capture('hold', 'r'));
    expect(only(report('draft'), kept('a', 'bad_value', { actor: 'else' }))).toEqual([]);
    expect(only(report('draft', { a: 'dismissed' }), kept('a', 'bad_value'))).toEqual([]);
  });

  it('does not write into an entity that is gone or was never made', () => {
    const view = report('draft');
    expect(writable(view, edit('g', 'agency', 'x'))).toBe(false);
    view.entities['g'] = { list: 'agents', parent: null, removed: true, flagged: false };
    expect(writable(view, edit('g', 'agency', 'x'))).toBe(false);
    view.entities['g'].removed = false;
    expect(writable(view, edit('g', 'agency', 'x'))).toBe(true);
  });

  it('finds the words again, of a kept change and of a version that was not kept', () => {
    const snapshot = report('draft');
    const told = { ...version('r1', 'east'), entity: 'report', field: 'address', reason: 'Seen.' };
    snapshot.settled = [{ ...told, not_kept: [version('mine', 'south', 'me')] }];
    const view = { snapshot, quarantined: [kept('a', 'bad_value')] };
    expect(writtenAs(view, 'hash-a', 'report', 'address')?.value).toBe('the south corner');
    expect(writtenAs(view, 'mine', 'report', 'address')?.value).toBe('south');
    expect(writtenAs(view, 'mine', 'report', 'beat')).toBeNull();
  });

  it('names each value by its label, those of an entity that was never made too', () => {
    const made = edit('g', ENTITY, { list: 'agents', parent: null });
    const edits = [made, edit('g', 'agency', 'ice_ero'), edit('g', 'basis/vest', true)];
    const one = kept('a', 'unknown_form', { edits });
    const lines = linesOf(report('draft'), definition, null, one);
    expect(lines[0]).toMatchObject({ label: expect.stringContaining('Agent · ') });
    expect(lines[1]?.label).toMatch(/^Agent · .+ · .+/);
    expect(lines).toHaveLength(2);
  });

  it('begins a supplement with what was written, and when', () => {
    const lines = linesOf(report('approved'), definition, null, kept('a', 'report_locked'));
    expect(supplementText(lines, kept('a', 'report_locked'), 0)).toMatch(
      /^Written 23 Nov 2026, 20:00 \+00:00; it arrived after .*\n.*: “the south corner”$/
    );
  });
});
