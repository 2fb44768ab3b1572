/** What stands open in a report until a person decides, as phone and desk tell it (P2, P3). */
import { describe, expect, it } from 'vitest';
import { snapshot, version } from '../src/desk/logic/builders';
import { prepare } from '../src/outbox/edits';
import { arrived, disputeOf, disputes, flagged, flaggedOf, inSight, mergedText, readsAlike, seenBy, seenByAll, type Dispute } from '../src/sync/disputes';
import type { Snapshot, Version } from '../src/sync/types';

const root = version('a', 'S Pulaski Rd');
const south = version('b', 'south', { base: ['a'] });
const east = version('c', 'east', { base: ['a'], actor: 'u2' });

function apart(heads: Version[], open: Partial<Snapshot['open'][string][string]> = {}): Snapshot {
  const question = { kind: 'conflict' as const, text: null, seen: [root], ...open };
  return snapshot({ fields: { report: { address: heads } }, open: { report: { address: question } } });
}

function dispute(heads: Version[], open: Partial<Snapshot['open'][string][string]> = {}): Dispute {
  return disputeOf(apart(heads, open), 'report', 'address')!;
}

describe('what stands open', () => {
  it('is every value that a person must choose between, three too', () => {
    const north = version('d', 'north', { base: ['a'] });
    const [found] = disputes(apart([south, east, north]));
    expect(found?.values.map((one) => one.value)).toEqual(['south', 'east', 'north']);
    expect(found?.merged).toBeNull();
  });

  it('shows a value that two people wrote once, with both of them', () => {
    const again = version('d', 'south', { actor: 'u3' });
    const found = dispute([south, east, again]);
    expect(found.values).toHaveLength(2);
    expect(found.heads.map((one) => one.op)).toEqual(['b', 'c', 'd']);
  });

  it('is a text to confirm where the server put two together', () => {
    expect(dispute([south, east], { kind: 'merged', text: 'south and east' }).merged).toBe('south and east');
  });

  it('is nothing where one value stands, where equal values stand, or in a checklist', () => {
    expect(disputeOf(apart([south]), 'report', 'address')).toBeNull();
    const mask = [version('e', true), version('f', false)];
    const alike = { report: { address: [south, version('d', south.value)], 'observed/mask': mask } };
    expect(disputes(snapshot({ fields: alike }))).toEqual([]);
  });

  it('is a merged text only while its two texts stand beside each other', () => {
    const open: Snapshot['open'] = { n: { text: { kind: 'merged', text: 'A. B.', seen: [] } } };
    const two = snapshot({ fields: { n: { text: [version('b', 'A.'), version('c', 'B.')] } }, open });
    expect(mergedText(two, 'n', 'text')).toBe('A. B.');
    expect(mergedText(snapshot({ fields: { n: { text: [version('d', 'A. B!')] } }, open }), 'n', 'text')).toBeNull();
    expect(mergedText(apart([south, east]), 'report', 'address')).toBeNull();
  });

  it('is decided by an op that names what was in sight, and not what came while it was chosen', () => {
    const base = inSight(apart([south, east]), { entity: 'report', field: 'address' });
    const wanted = [{ entity: 'report', field: 'address', value: 'east', base }];
    const [edit] = prepare(apart([south, east, version('d', 'north')]), null, wanted, 'resolve', { device: 'd' });
    expect(edit?.base).toEqual(['b', 'c']);
  });
});

describe('what an author had seen', () => {
  const { known } = dispute([south, east]);

  it('is the version that the server tells of', () => {
    expect(seenBy(south, known)).toEqual({ kind: 'versions', versions: [root] });
  });

  it('is nothing where nobody had written before', () => {
    expect(seenBy(version('d', 'north'), known)).toEqual({ kind: 'nothing' });
  });

  it('is said once where both had seen the same', () => {
    expect(seenBy(south, known, south).kind).toBe('versions');
    expect(seenBy(east, known, south)).toEqual({ kind: 'same' });
    expect(seenBy(version('d', 'x', { base: ['a', 'b'] }), known, south).kind).toBe('versions');
  });

  it('is said of all where all had seen the same, and of each where they had not', () => {
    expect(seenByAll(dispute([south, east]))).toEqual({ kind: 'versions', versions: [root] });
    expect(seenByAll(dispute([south, version('d', 'north')]))).toBeNull();
    const lost = ['x', 'y'].map((base) => version(`on ${base}`, base, { base: [base] }));
    expect(seenByAll(dispute(lost))).toBeNull();
    expect(seenByAll(dispute([version('d', 'one'), version('e', 'two')]))).toEqual({ kind: 'nothing' });
  });

  it('is a value that an earlier decision did not keep, too', () => {
    const { base: _, not_before: __, ...by } = version('e', 'east');
    const gone = version('gone', 'south-west');
    const told = { ...by, entity: 'report', field: 'address', reason: 'r', not_kept: [gone] };
    const view = { ...apart([version('d', 'north', { base: ['gone'] }), east]), settled: [told] };
    const found = disputeOf(view, 'report', 'address')!;
    expect(seenBy(found.values[0]!, found.known)).toMatchObject({ versions: [{ value: 'south-west' }] });
  });

  it('is not invented where the report no longer tells of it', () => {
    expect(seenBy(version('d', 'north', { base: ['gone'] }), known)).toEqual({ kind: 'earlier' });
  });
});

describe('a value that comes while the card is open', () => {
  const shown = dispute([south, east]);
  const north = version('d', 'north', { base: ['a'] });

  it('is told, because nobody who decides has read it', () => {
    const now = dispute([south, east, north]);
    expect(arrived(now, shown).map((one) => one.value)).toEqual(['north']);
    expect(readsAlike(now, shown)).toBe(false);
  });

  it('is no news where it says what is on the screen already', () => {
    const now = dispute([south, east, version('d', 'east')]);
    expect(arrived(now, shown)).toEqual([]);
    expect(readsAlike(now, shown)).toBe(true);
    const instead = dispute([south, version('d', 'east', { base: ['c'] })]);
    expect(readsAlike(instead, shown)).toBe(true);
  });

  it('is news where its author wrote it in place of one that is on the screen', () => {
    const now = dispute([version('d', 'south-west', { base: ['b'] }), east]);
    expect(arrived(now, shown).map((one) => one.value)).toEqual(['south-west']);
  });

  it('is news where one of the values is gone, or the merged text reads otherwise', () => {
    const three = dispute([south, east, north]);
    expect(readsAlike(shown, three)).toBe(false);
    const merged = dispute([south, east], { kind: 'merged', text: 'one' });
    expect(readsAlike(dispute([south, east], { kind: 'merged', text: 'two' }), merged)).toBe(false);
  });
});

describe('an entry that one person removed while another wrote in it', () => {
  const made = version('a', { list: 'agents', parent: null });
  const removal = version('r', null, { base: ['a', 'b'], actor: 'u2' });
  const seen = version('b', 'unknown', { base: [] });
  const unseen = version('c', 'ice_ero', { base: ['b'] });
  const fields = { e: { '@entity': [removal], agency: [unseen], note: [seen] } };

  it('names who removed it, and what they had not seen', () => {
    const [found] = flagged(snapshot({ fields, entities: { e: { flagged: true } } }));
    expect(found?.removals.map((head) => head.actor)).toEqual(['u2']);
    expect(found?.unseen.map((one) => [one.field, one.head.value])).toEqual([['agency', 'ice_ero']]);
  });

  it('shows that somebody made it again beside the removal', () => {
    const again = { e: { '@entity': [removal, made] } };
    const [found] = flagged(snapshot({ fields: again, entities: { e: { flagged: true } } }));
    expect(found?.removals.map((head) => head.op)).toEqual(['r']);
  });

  it('is not told where nothing is flagged, or its whole parent is gone', () => {
    expect(flagged(snapshot({ fields, entities: { e: {} } }))).toEqual([]);
    expect(flaggedOf(snapshot({ fields, entities: { e: {} } }), 'e')).toBeNull();
    const inside = { p: { removed: true }, e: { flagged: true, parent: 'p' } };
    expect(flagged(snapshot({ fields, entities: inside }))).toEqual([]);
  });
});
