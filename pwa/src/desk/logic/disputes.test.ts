import { describe, expect, it } from 'vitest';
import type { Snapshot, Version } from '../../sync/types';
import { snapshot, version } from './builders';
import {
  arrived,
  before,
  disputeOf,
  disputes,
  readsAlike,
  seenBy,
  settledAs,
  writersOf,
  type Dispute
} from './disputes';

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
    expect(writersOf(found, found.values[0]!).map((one) => one.actor)).toEqual(['u1', 'u3']);
    expect(found.heads.map((one) => one.op)).toEqual(['b', 'c', 'd']);
  });

  it('is a text to confirm where the server put two together', () => {
    expect(dispute([south, east], { kind: 'merged', text: 'south and east' }).merged).toBe('south and east');
  });

  it('is nothing where one value stands', () => {
    expect(disputeOf(apart([south]), 'report', 'address')).toBeNull();
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

describe('the text before', () => {
  it('is the latest that both authors had seen', () => {
    expect(before(dispute([south, east]))?.value).toBe('S Pulaski Rd');
  });

  it('is found through what one of them wrote in between', () => {
    const between = version('m', 'south?', { base: ['a'] });
    const later = version('b2', 'south', { base: ['m'] });
    expect(before(dispute([later, east], { seen: [root, between] }))?.op).toBe('a');
  });

  it('is not chosen by the desk where there are two', () => {
    const other = version('z', 'elsewhere');
    const [one, two] = [version('b', 'x', { base: ['a', 'z'] }), version('c', 'y', { base: ['a', 'z'] })];
    expect(before(dispute([one, two], { seen: [root, other] }))).toBeNull();
  });

  it('is not guessed where the report no longer tells of it, or there is none', () => {
    expect(before(dispute([south, east], { seen: [] }))).toBeNull();
    expect(before(dispute([version('b', 'x'), version('c', 'y')]))).toBeNull();
  });
});

describe('a settled field', () => {
  it('says why, and what was not kept', () => {
    const by = version('e', 'east', { base: ['b', 'c'], actor: 'u9' });
    const { base: _, not_before: __, ...told } = by;
    const why = { reason: 'The video shows it.', not_kept: [south] };
    const settled = [{ ...told, entity: 'report', field: 'address', ...why }];
    const found = settledAs(snapshot({ fields: { report: { address: [by] } }, settled }), 'report', 'address');
    expect(found).toMatchObject({ by: { op: 'e' }, reason: 'The video shows it.' });
    expect(found.notKept.map((one) => one.value)).toEqual(['south']);
  });

  it('claims no reason for a value that the server has not told of yet', () => {
    const found = settledAs(snapshot({ fields: { report: { address: [east] } } }), 'report', 'address');
    expect(found).toEqual({ by: east, reason: null, notKept: [] });
  });
});
