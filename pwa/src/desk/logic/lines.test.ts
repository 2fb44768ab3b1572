import { describe, expect, it } from 'vitest';
import { form, naming, snapshot } from './builders';
import { steps, type HistoryOp } from './changes';
import { changeGroups, type Line } from './lines';

const WALL = new Date(2026, 10, 23, 21, 14).toISOString();
let count = 0;

function op(id: string, base: string[], value: string, kind: HistoryOp['payload']['kind'] = 'edit'): HistoryOp {
  count += 1;
  const edits = [{ entity: 'report', field: 'address', base, value }];
  const made = { v: 1 as const, op: id, device: 'd1', n: count, prev: null, actor: 'u1', report: 'r1', kind, edits };
  const time = { wall: WALL, utc_offset: -360, beacon: null };
  const payload = { ...made, form: { id: 'incident', version: 1 }, time };
  return { op: id, sha256: '', jws: '', payload, verdict: 'applied', reason: null, received: WALL, not_before: null, seq: count };
}

function lines(...ops: HistoryOp[]): (Line | undefined)[] {
  return steps(ops).map((step) => changeGroups(step, form, snapshot(), naming)[0]?.lines[0]);
}

describe('a line of the history', () => {
  it('says whose value it replaced, and when that was written', () => {
    const [first, second] = lines(op('a', [], 'S Pulaski Rd'), op('b', ['a'], 'the south corner'));
    expect(first).toMatchObject({ from: [], to: 'S Pulaski Rd', seen: null });
    expect(second?.from).toEqual([{ words: 'S Pulaski Rd', who: 'star 12345, 21:14' }]);
    expect(second?.seen).toBeNull();
  });

  it('says beside what it came to stand, and what its author had seen instead', () => {
    const last = lines(op('a', [], 'S Pulaski Rd'), op('b', ['a'], 'south'), op('c', ['a'], 'east')).at(-1);
    expect(last?.beside.map((one) => one.words)).toEqual(['south']);
    expect(last?.seen?.map((one) => one.words)).toEqual(['S Pulaski Rd']);
    expect(lines(op('a', [], 'south'), op('b', [], 'east')).at(-1)?.seen).toEqual([]);
  });

  it('says what a decision did not keep', () => {
    const last = lines(op('a', [], 'south'), op('b', [], 'east'), op('c', ['a', 'b'], 'east', 'resolve')).at(-1);
    expect(last?.notKept).toEqual([{ words: 'south', who: 'star 12345, 21:14' }]);
    expect(last?.from).toEqual([]);
  });

  it('says what became of a late change', () => {
    const decided = op('b', [], '');
    decided.payload.edits = [{ entity: 'review', field: 'late/q', base: [], value: 'dismissed' }];
    expect(lines(decided)[0]).toMatchObject({ label: 'Late change', to: 'Nothing more needed' });
  });
});
