import { describe, expect, it } from 'vitest';
import { disputeOf, type Dispute } from '../../sync/disputes';
import type { Snapshot, Version } from '../../sync/types';
import { snapshot, version } from './builders';
import { before, settledAs, writersOf } from './disputes';

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

describe('a value that two people wrote', () => {
  it('is shown with both of them', () => {
    const found = dispute([south, east, version('d', 'south', { actor: 'u3' })]);
    expect(writersOf(found, found.values[0]!).map((one) => one.actor)).toEqual(['u1', 'u3']);
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
