import { describe, expect, it } from 'vitest';
import { prepare } from '../../outbox/edits';
import { ENTITY, empty } from '../../sync/overlay';
import type { Snapshot, Version } from '../../sync/types';
import { arrived, disputeOf, disputes, flagged, flaggedOf, inSight, mergedText, seenBy, seenByAll } from './disputes';

function version(op: string, value: unknown, base: string[] = []): Version {
  const wall = '2026-11-23T20:00:00Z';
  return { op, actor: op, device: 'd', wall, offset: 0, received: wall, not_before: null, base, value };
}

function report(fields: Snapshot['fields'], open: Snapshot['open'] = {}): Snapshot {
  return { ...empty('r', { id: 'incident', version: 1 }, 'me', '010'), fields, open };
}

const first = version('a', 'the corner');
const south = version('b', 'the south corner', ['a']);
const east = version('c', 'the east corner', ['a']);
const split = () =>
  report(
    { report: { address: [south, east] } },
    { report: { address: { kind: 'conflict', text: null, seen: [first] } } }
  );

describe('a field on which a person has to decide', () => {
  it('tells what each author had seen', () => {
    const dispute = disputeOf(split(), 'report', 'address')!;
    expect(dispute.values).toEqual([south, east]);
    expect(seenBy(south, dispute)).toEqual({ kind: 'known', versions: [first] });
    expect(seenBy(version('d', 'x'), dispute)).toEqual({ kind: 'nothing' });
    expect(seenBy(version('d', 'x', ['elsewhere']), dispute)).toEqual({ kind: 'untold' });
  });

  it('says once what all had seen, and of each where they had not', () => {
    expect(seenByAll(disputeOf(split(), 'report', 'address')!)).toEqual({ kind: 'known', versions: [first] });
    const apart = report({ report: { address: [south, version('d', 'north')] } }, split().open);
    expect(seenByAll(disputeOf(apart, 'report', 'address')!)).toBeNull();
  });

  it('counts as chosen from no more than what was in sight', () => {
    const before = split();
    const sight = inSight(before, { entity: 'report', field: 'address' });
    const third = version('d', 'the north corner', ['a']);
    const after = report({ report: { address: [south, east, third] } });
    expect(sight).toEqual(['b', 'c']);
    expect(arrived(disputeOf(before, 'report', 'address')!, sight)).toEqual([]);
    expect(arrived(disputeOf(after, 'report', 'address')!, sight)).toEqual([third]);
  });

  it('is decided by an op that names what was in sight, and not what came while it was chosen', () => {
    const sight = inSight(split(), { entity: 'report', field: 'address' });
    const third = version('d', 'the north corner', ['a']);
    const after = report({ report: { address: [south, east, third] } });
    const wanted = [{ entity: 'report', field: 'address', value: 'east', base: sight }];
    const [edit] = prepare(after, null, wanted, 'resolve', { device: 'd' });
    expect(edit?.base).toEqual(['b', 'c']);
  });

  it('is none where one value stands, where equal values stand, or in a checklist', () => {
    const mask = [version('e', true), version('f', false)];
    const same = report({ report: { address: [south, version('d', south.value)], 'observed/mask': mask } });
    expect(disputes(same)).toEqual([]);
    expect(disputeOf(report({ report: { address: [south] } }), 'report', 'address')).toBeNull();
  });

  it('shows a merged text only while its two texts stand beside each other', () => {
    const open: Snapshot['open'] = { n: { text: { kind: 'merged', text: 'A. B.', seen: [] } } };
    const two = report({ n: { text: [version('b', 'A.'), version('c', 'B.')] } }, open);
    expect(mergedText(two, 'n', 'text')).toBe('A. B.');
    expect(mergedText(report({ n: { text: [version('d', 'A. B!')] } }, open), 'n', 'text')).toBeNull();
    expect(mergedText(split(), 'report', 'address')).toBeNull();
  });
});

describe('an entity that was removed while somebody wrote in it', () => {
  const gone = version('x', null, ['m', 'v']);
  const known = version('v', 'vest');
  const unseen = version('w', 'mask', ['v']);

  function withAgent(flag: boolean, parent: string | null = null): Snapshot {
    const view = report({ g: { [ENTITY]: [gone], agency: [known], note: [unseen] } });
    view.entities = { g: { list: 'agents', parent, removed: false, flagged: flag } };
    return view;
  }

  it('tells who removed it and what they had not seen', () => {
    const found = flaggedOf(withAgent(true), 'g')!;
    expect(found.removals).toEqual([gone]);
    expect(found.unseen).toEqual([{ field: 'note', head: unseen }]);
    expect(flaggedOf(withAgent(false), 'g')).toBeNull();
  });

  it('asks for nothing inside an entity that is removed itself', () => {
    const inside = withAgent(true, 'p');
    inside.entities['p'] = { list: 'agents', parent: null, removed: true, flagged: false };
    expect(flagged(inside)).toEqual([]);
    expect(flagged(withAgent(true)).map((one) => one.entity)).toEqual(['g']);
  });
});
