import { describe, expect, it } from 'vitest';
import { reasonWords, steps, type HistoryOp } from './changes';

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
    seq: count,
    ...over
  };
}
const address = (value: string, base: string[]) => ({ entity: 'report', field: 'address', base, value });

describe('steps', () => {
  it('shows what stood there when the author wrote, and what stands after', () => {
    const found = steps([
      op('a', [address('W 26th St', [])]),
      op('b', [address('W 26th St & Pulaski', ['a'])])
    ]);
    expect(found[0]!.changes[0]).toMatchObject({ from: [], to: 'W 26th St', beside: [] });
    expect(found[1]!.changes[0]).toMatchObject({ from: ['W 26th St'], to: 'W 26th St & Pulaski', beside: [] });
  });

  it('names the value that stayed beside, because the author had not seen it', () => {
    const found = steps([
      op('a', [address('one', [])]),
      op('b', [address('two', ['a'])]),
      op('c', [address('three', ['a'])], { verdict: 'conflict' })
    ]);
    expect(found[2]!.changes[0]).toMatchObject({ from: [], to: 'three', beside: ['two'] });
  });

  it('shows both values as what a resolution replaced', () => {
    const found = steps([
      op('a', [address('one', [])]),
      op('b', [address('two', [])]),
      op('c', [address('two', ['a', 'b'])])
    ]);
    expect(found[2]!.changes[0]).toMatchObject({ from: ['one', 'two'], to: 'two', beside: [] });
  });

  it('keeps a quarantined op in view, but lets it change nothing', () => {
    const found = steps([
      op('a', [address('one', [])]),
      op('q', [address('x', ['a'])], { verdict: 'quarantined', reason: 'stale_view' }),
      op('b', [address('two', ['a'])])
    ]);
    expect(found[1]).toMatchObject({ verdict: 'quarantined', reason: 'stale_view' });
    expect(found[2]!.changes[0]!.from).toEqual(['one']);
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

describe('reasonWords', () => {
  it('says what a code means, and shows a code it does not know as it is', () => {
    expect(reasonWords('stale_view')).toMatch(/changed while it was being read/);
    expect(reasonWords('some_new_code')).toBe('some new code');
    expect(reasonWords(null)).toBe('');
  });
});
