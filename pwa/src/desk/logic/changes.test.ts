import { describe, expect, it } from 'vitest';
import { steps, type HistoryOp } from './changes';

let count = 0;
function op(id: string, edits: HistoryOp['payload']['edits'], over: Partial<HistoryOp> = {}): HistoryOp {
  count += 1;
  const payload = {
    v: 1 as const,
    prev: null,
    form: { id: 'incident', version: 1 },
    op: id,
    device: 'd1',
    n: count,
    actor: 'u1',
    report: 'r1',
    kind: 'edit' as const,
    edits,
    time: { wall: '2026-11-23T21:14:00Z', utc_offset: -360, beacon: null }
  };
  return {
    op: id,
    sha256: '',
    jws: '',
    payload,
    verdict: 'applied',
    reason: null,
    received: '2026-11-23T21:15:00Z',
    not_before: null,
    seq: count,
    ...over
  };
}
const values = (all: { value: unknown }[]): unknown[] => all.map((one) => one.value);
const address = (value: string, base: string[]) => ({ entity: 'report', field: 'address', base, value });

describe('steps', () => {
  it('shows what stood there when the author wrote, and what stands after', () => {
    const found = steps([
      op('a', [address('W 26th St', [])]),
      op('b', [address('W 26th St & Pulaski', ['a'])])
    ]);
    expect(found[0]!.changes[0]).toMatchObject({ from: [], to: 'W 26th St', beside: [], seen: [] });
    const change = found[1]!.changes[0]!;
    expect([values(change.from), change.to, values(change.beside)]).toEqual([['W 26th St'], 'W 26th St & Pulaski', []]);
    expect(change.from[0]).toMatchObject({ op: 'a', actor: 'u1', device: 'd1', wall: '2026-11-23T21:14:00Z' });
  });

  it('names the value that stayed beside, because the author had not seen it', () => {
    const found = steps([
      op('a', [address('one', [])]),
      op('b', [address('two', ['a'])]),
      op('c', [address('three', ['a'])], { verdict: 'conflict' })
    ]);
    const change = found[2]!.changes[0]!;
    expect([values(change.from), change.to, values(change.beside)]).toEqual([[], 'three', ['two']]);
    // What it was built on is superseded, but its author had seen it.
    expect(values(change.seen)).toEqual(['one']);
  });

  it('shows both values as what a resolution replaced', () => {
    const found = steps([
      op('a', [address('one', [])]),
      op('b', [address('two', [])]),
      op('c', [address('two', ['a', 'b'])])
    ]);
    const change = found[2]!.changes[0]!;
    expect([values(change.from), change.to, values(change.beside)]).toEqual([['one', 'two'], 'two', []]);
  });

  it('keeps a quarantined op in view, but lets it change nothing', () => {
    const found = steps([
      op('a', [address('one', [])]),
      op('q', [address('x', ['a'])], { verdict: 'quarantined', reason: 'stale_view' }),
      op('b', [address('two', ['a'])])
    ]);
    expect(found[1]).toMatchObject({ verdict: 'quarantined', reason: 'stale_view' });
    expect(values(found[2]!.changes[0]!.from)).toEqual(['one']);
  });

  it('does not let other bytes under an id stand for what stands there', () => {
    const found = steps([
      op('a', [address('one', [])]),
      op('a', [address('forged', [])], { sha256: 'other', verdict: 'quarantined', reason: 'op_id_reused' }),
      op('b', [address('two', ['a'])])
    ]);
    expect(found[1]!.changes[0]!.to).toBe('forged');
    expect(values(found[2]!.changes[0]!.seen)).toEqual(['one']);
  });

  it('tells whose words a decision about a late change is about', () => {
    const late = op('q', [address('x', [])], { verdict: 'quarantined', reason: 'report_locked' });
    const decided = op('b', [
      { entity: 'review', field: 'late/q', base: [], value: 'correction' },
      address('x', [])
    ]);
    const found = steps([late, decided]);
    expect(found[0]!.about).toBeNull();
    expect(found[1]!.about).toMatchObject({ actor: 'u1', device: 'd1', ending: 'correction' });
  });

  it('keeps words that a desk took in those of who wrote them', () => {
    const late = op('q', [address('x', [])], { verdict: 'quarantined', reason: 'report_locked' });
    const taken = [{ entity: 'review', field: 'late/q', base: [], value: 'correction' }, address('x', [])];
    const admitted = op('b', taken);
    admitted.payload = { ...admitted.payload, actor: 'desk', device: 'desktop' };
    const found = steps([late, admitted, op('c', [address('y', ['b'])])]);
    expect(found[1]!.actor).toBe('desk');
    expect(found[2]!.changes[0]!.from).toMatchObject([{ op: 'b', actor: 'u1', device: 'd1', value: 'x' }]);
  });

  it('tells between which two times of the server each was made', () => {
    const times = { not_before: '2026-11-23T21:02:00Z', received: '2026-11-23T21:40:00Z' };
    expect(steps([op('a', [], times)])[0]).toMatchObject(times);
  });

  it('believes nothing of an op that could not be read, whatever it says of itself', () => {
    const not_before = '2026-11-23T21:02:00Z';
    const odd = op('sha256:abc', [], { sha256: 'abc', verdict: 'quarantined', reason: 'malformed', not_before });
    odd.payload = { edits: 'none' } as unknown as HistoryOp['payload'];
    const settled = op('b', [{ entity: 'review', field: 'late/abc', base: [], value: 'dismissed' }]);
    const found = steps([odd, settled]);
    expect(found[0]).toMatchObject({ kind: null, actor: null, not_before: null, changes: [], reason: 'malformed' });
    expect(found[1]!.about).toEqual({ actor: null, device: null, wall: null, ending: 'dismissed' });
  });

  it('knows which list an entity belongs to', () => {
    const found = steps([
      op('a', [
        { entity: 'e1', field: '@entity', base: [], value: { list: 'agents', parent: null } },
        { entity: 'e1', field: 'agency', base: [], value: 'unknown' }
      ])
    ]);
    expect(found[0]!.changes.map((one) => one.list)).toEqual(['agents', 'agents']);
  });
});
