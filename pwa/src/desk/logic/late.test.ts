import { describe, expect, it } from 'vitest';
import { kept, snapshot, version } from './builders';
import { buildsOn, countOpen, isOpen, lateOf, sourceOf, supplementText, waysOf, withWords, wordsOf, type Late } from './late';

function only(over: Parameters<typeof kept>[1] = {}, view = snapshot({ state: 'approved' })): Late {
  return lateOf(view, [kept('q', over)])[0]!;
}

describe('what is kept aside', () => {
  it('is late where a person has to decide, and else says what it waits for', () => {
    expect(only().kind).toBe('late');
    expect(only({ kind: 'hold' }).kind).toBe('late');
    expect(only({ kind: 'submit', reason: 'incomplete' }).kind).toBe('step');
    expect(only({ reason: 'waiting_for_base' }).kind).toBe('waiting');
    expect(only({ reason: 'unknown_form' }).kind).toBe('update');
    expect(only({ kind: null, reason: 'newer_op_format' }).kind).toBe('update');
    expect(only({ kind: null, reason: 'malformed' }).kind).toBe('late');
  });

  it('tells two entries with one id apart', () => {
    const all = lateOf(snapshot(), [kept('q'), kept('q', { sha256: 'other', reason: 'op_id_reused' })]);
    expect(all.map((one) => one.key)).toEqual(['hash of q', 'other']);
    expect(all.map((one) => one.name)).toEqual(['q', 'other']);
  });

  it('is settled once somebody has said so, and then needs nobody', () => {
    const done = version('s', 'dismissed', { actor: 'desk' });
    const view = snapshot({ fields: { review: { 'late/q': [done] } } });
    const late = only({}, view);
    expect(late.settled).toEqual({ as: 'dismissed', by: done });
    expect(countOpen(view, [late])).toEqual({ late: 0, step: 0, waiting: 0, update: 0 });
    expect(waysOf(late, 'submitted', null)).toEqual({});
  });

  it('is the source of what was taken in as it was written, and of nothing else', () => {
    const review = { 'late/q': [version('s', 'correction')], 'late/p': [version('t', 'supplement')] };
    const all = lateOf(snapshot({ fields: { review } }), [kept('q', { device: 'tablet' }), kept('p')]);
    expect(sourceOf(all, 's')?.device).toBe('tablet');
    expect(sourceOf(all, 't')).toBeNull();
    expect(sourceOf(all, 'u')).toBeNull();
  });

  it('leaves out a step that the review has gone past', () => {
    const state = version('m', 'submitted', { received: '2026-11-24T12:00:00Z' });
    const view = snapshot({ fields: { review: { state: [state] } } });
    const step = (received: string): Late => lateOf(view, [kept('q', { kind: 'submit', reason: 'incomplete', received })])[0]!;
    expect(isOpen(view, step('2026-11-24T11:59:00Z'))).toBe(false);
    expect(isOpen(view, step('2026-11-24T12:01:00Z'))).toBe(true);
  });
});

describe('what may be done about it', () => {
  it('is a correction while the report is open, and a supplement once it is approved', () => {
    for (const state of ['draft', 'submitted', 'returned'] as const) {
      expect(waysOf(only(), state, null)).toEqual({ correction: null, dismiss: null });
    }
    expect(waysOf(only(), 'approved', null)).toEqual({ supplement: null, dismiss: null });
  });

  it('is nothing that takes words in before they were read, where a copy had no room for them', () => {
    const late = only({ edits: null });
    expect(waysOf(late, 'draft', null)).toEqual({ dismiss: null, correction: 'Show what it says first.' });
    expect(waysOf(late, 'approved', null)).toEqual({ dismiss: null, supplement: 'Show what it says first.' });
    const edit = { entity: 'report', field: 'address', base: [], value: 'Wood' };
    const read = withWords(late, new Map([[late.key, [edit]]]));
    expect(wordsOf(read.one)).toEqual([edit]);
    expect(waysOf(read, 'draft', null).correction).toBeNull();
    expect(withWords(late, new Map())).toBe(late);
  });

  it('is no correction for what would be refused again, with the words for why', () => {
    expect(waysOf(only({ reason: 'bad_value' }), 'draft', null).correction).toMatch(/does not fit/);
    expect(waysOf(only({ kind: 'resolve' }), 'draft', null)).toEqual({ dismiss: null });
    expect(waysOf(only({ kind: 'supplement', reason: 'not_approved' }), 'draft', null)).toEqual({ dismiss: null });
  });

  it('is only to say that nothing more is needed where nothing can be read, or no words would be lost', () => {
    expect(waysOf(only({ kind: null, reason: 'malformed' }), 'approved', null)).toEqual({ dismiss: null });
    expect(waysOf(only({ reason: 'op_id_reused' }), 'approved', null)).toEqual({ dismiss: null });
    expect(waysOf(only({ kind: 'submit', reason: 'stale_view' }), 'draft', null)).toEqual({ dismiss: null });
  });

  it('is nothing for what waits for others or for an update, or has not reached the server', () => {
    expect(waysOf(only({ reason: 'waiting_for_base' }), 'draft', null)).toEqual({});
    expect(waysOf(only({ reason: 'unknown_form' }), 'draft', null)).toEqual({});
    expect(waysOf(only({ kind: null, reason: 'newer_op_format' }), 'draft', null)).toEqual({});
    expect(waysOf(only({ received: null }), 'draft', null)).toEqual({});
  });

  it('is blocked with its reason', () => {
    expect(waysOf(only(), 'approved', 'You are the author.')).toEqual({
      supplement: 'You are the author.',
      dismiss: 'You are the author.'
    });
  });
});

describe('late words', () => {
  it('are the edits that say something', () => {
    const edits = [
      { entity: 'e', field: '@entity', base: [], value: { list: 'agents', parent: null } },
      { entity: 'e', field: 'agency', base: [], value: 'ice_ero' },
      { entity: 'f', field: '@entity', base: ['x'], value: null }
    ];
    expect(wordsOf(kept('q', { edits })).map((edit) => edit.field)).toEqual(['agency', '@entity']);
  });

  it('tell what other late changes they were written on top of', () => {
    const second = kept('q2', { edits: [{ entity: 'report', field: 'address', base: ['q'], value: 'x' }] });
    const all = lateOf(snapshot(), [kept('q'), second]);
    expect(buildsOn(all[1]!, all).map((one) => one.name)).toEqual(['q']);
    expect(buildsOn(all[0]!, all)).toEqual([]);
  });

  it('begin a supplement as quotations of who wrote them', () => {
    const lines = [{ label: 'Address', words: 'the east corner' }];
    expect(supplementText('Ana Ruiz, star 12345', 'on “Phone”, 21:14', '24 Nov 2026, 06:05', lines)).toBe(
      'Written by Ana Ruiz, star 12345, on “Phone”, 21:14; ' +
        'it arrived 24 Nov 2026, 06:05, after the report was approved.\nAddress: “the east corner”'
    );
  });
});
