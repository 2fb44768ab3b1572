import { describe, expect, it } from 'vitest';
import type { HoldStatus, Quarantined, Snapshot, Version } from '../../sync/types';
import { kept } from './builders';
import { byUrgency, HOLD_STATES, holdUrgency, holdWords } from './holds';
import { arrivedLate, filtered, mostUrgentFirst, NO_FILTER, rowOf, type Readable } from './queue';

const NOW = Date.parse('2026-11-23T22:00:00Z');
const daysOn = (days: number): string => new Date(NOW + days * 86_400_000 + 60_000).toISOString();

function version(value: unknown, wall = '2026-11-23T21:00:00Z', op = `op-${JSON.stringify(value)}`): Version {
  return { op, actor: 'u1', device: 'd1', wall, offset: -360, received: wall, value } as Version;
}

function hold(state: string, days: number): HoldStatus {
  return {
    hold: `h${state}${days}`,
    footage: 'f',
    state,
    since: '',
    destroy_on: daysOn(days),
    custodian: 'x',
    reference: null,
    error: null
  } as unknown as HoldStatus;
}

function aReport(
  id: string,
  state: string,
  since: string,
  over: {
    fields?: Record<string, Version[]>;
    holds?: HoldStatus[];
    quarantined?: Quarantined[];
    open?: Snapshot['open'];
  } = {}
): Readable {
  const snapshot = {
    report: id,
    form: { id: 'incident', version: 1 },
    author: 'u1',
    district: '010',
    state,
    ops: 1,
    open: over.open ?? {},
    settled: [],
    entities: {
      a1: { list: 'agents', parent: null, removed: false, flagged: false },
      a2: { list: 'agents', parent: null, removed: true, flagged: false }
    },
    fields: {
      report: { address: [version(`${id} street`)], ...over.fields },
      review: state === 'draft' ? {} : { state: [version(state, since)] }
    }
  } as unknown as Snapshot;
  return { id, snapshot, holds: over.holds ?? [], quarantined: over.quarantined ?? [], pending: 0 };
}

describe('the time of a decision', () => {
  it('is told twice only where the server got it much later or earlier', () => {
    const wall = '2026-11-23T21:00:00Z';
    expect(arrivedLate({ wall, received: '2026-11-23T21:04:00Z' })).toBe(false);
    expect(arrivedLate({ wall, received: '2026-11-23T22:40:00Z' })).toBe(true);
    expect(arrivedLate({ wall, received: '2026-11-23T20:00:00Z' })).toBe(true);
    expect(arrivedLate({ wall, received: null })).toBe(false);
  });
});

describe('urgency of the queue', () => {
  it('puts the due hold first, then the conflict, then the oldest submission', () => {
    const rows = [
      aReport('approved', 'approved', '2026-11-01T00:00:00Z'),
      aReport('new', 'submitted', '2026-11-23T20:00:00Z'),
      aReport('old', 'submitted', '2026-11-20T20:00:00Z'),
      aReport('conflict', 'draft', '', { fields: { beat: [version('1011'), version('1012')] } }),
      aReport('due', 'approved', '2026-11-01T00:00:00Z', { holds: [hold('acknowledged', 8)] }),
      aReport('refused', 'returned', '2026-11-01T00:00:00Z', { holds: [hold('refused', 60)] }),
      aReport('kept', 'returned', '2026-11-02T00:00:00Z', { holds: [hold('held', 3)] })
    ].map((one) => rowOf(one, NOW));
    expect(mostUrgentFirst(rows).map((row) => row.id)).toEqual([
      'due',
      'refused',
      'conflict',
      'old',
      'new',
      'kept',
      'approved'
    ]);
  });

  it('counts only entities that stand', () => {
    expect(rowOf(aReport('x', 'draft', ''), NOW).agents).toBe(1);
  });

  it('sees no conflict in equal values, checklists and removed entities', () => {
    const one = aReport('x', 'draft', '', {
      fields: {
        beat: [version('1011', '', 'p'), version('1011', '', 'q')],
        'observed/mask': [version(true), version(false)]
      }
    });
    one.snapshot.fields.a2 = { agency: [version('a'), version('b')] };
    expect(rowOf(one, NOW).conflicts).toBe(0);
  });

  it('tells a text to confirm from a conflict', () => {
    const heads = [version('It rained.', '', 'p'), version('It was dark.', '', 'q')];
    const question = { kind: 'merged' as const, text: 'It rained. It was dark.', seen: [] };
    const one = aReport('x', 'submitted', '2026-11-20T20:00:00Z', {
      fields: { narrative: heads },
      open: { report: { narrative: question } }
    });
    expect(rowOf(one, NOW)).toMatchObject({ conflicts: 0, merged: 1, rank: 1, why: 'to confirm' });
    expect(filtered([rowOf(one, NOW)], { ...NO_FILTER, conflict: true })).toHaveLength(1);
  });

  it('puts late words before what waits for review, and what the review has gone past nowhere', () => {
    const late = aReport('late', 'approved', '2026-11-01T00:00:00Z', { quarantined: [kept('q')] });
    const waiting = aReport('old', 'submitted', '2026-11-20T20:00:00Z');
    const rows = [waiting, late].map((one) => rowOf(one, NOW));
    expect(mostUrgentFirst(rows).map((row) => row.id)).toEqual(['late', 'old']);
    expect(rows[1]).toMatchObject({ late: { late: 1 }, why: 'late' });
    const step = kept('a', { kind: 'submit', reason: 'incomplete', received: '2026-11-23T20:00:00Z' });
    const steps = (since: string): number => rowOf(aReport('x', 'approved', since, { quarantined: [step] }), NOW).late.step;
    expect([steps('2026-11-23T20:30:00Z'), steps('2026-11-23T19:30:00Z')]).toEqual([0, 1]);
  });
});

describe('filters', () => {
  const rows = [
    aReport('Pulaski', 'submitted', '2026-11-23T20:00:00Z'),
    aReport('Cermak', 'draft', '', { holds: [hold('failed', 4)] })
  ].map((one) => rowOf(one, NOW, 'Ana Ruiz 12345'));
  it('leaves what fits', () => {
    expect(filtered(rows, NO_FILTER)).toHaveLength(2);
    expect(filtered(rows, { ...NO_FILTER, state: 'draft' }).map((row) => row.id)).toEqual(['Cermak']);
    expect(filtered(rows, { ...NO_FILTER, holdDue: true }).map((row) => row.id)).toEqual(['Cermak']);
    expect(filtered(rows, { ...NO_FILTER, text: 'pulaski street' }).map((row) => row.id)).toEqual(['Pulaski']);
    expect(filtered(rows, { ...NO_FILTER, text: '12345' })).toHaveLength(2);
  });

  it('does not search what is said about agents', () => {
    const one = aReport('x', 'draft', '');
    one.snapshot.fields.a1 = { worn_code: [version('K-4471')] };
    expect(filtered([rowOf(one, NOW)], { ...NO_FILTER, text: 'k-4471' })).toEqual([]);
  });
});

describe('holds', () => {
  it('never lets a state but held read as held', () => {
    expect(holdWords('submitted').word).not.toMatch(/held/i);
    expect(holdWords('held').word).toBe('Held');
    for (const state of HOLD_STATES.filter((one) => one !== 'held')) {
      expect(`${holdWords(state).word} ${holdWords(state).says}`).not.toMatch(/\bheld\b/i);
    }
  });

  it('escalates at day 60, alarms at day 80, and is settled only when held', () => {
    expect(holdUrgency(hold('acknowledged', 31), NOW)).toBe('waiting');
    expect(holdUrgency(hold('acknowledged', 29), NOW)).toBe('due');
    expect(holdUrgency(hold('submitted', 9), NOW)).toBe('alarm');
    expect(holdUrgency(hold('refused', 80), NOW)).toBe('due');
    expect(holdUrgency(hold('held', 1), NOW)).toBe('settled');
  });

  it('orders by urgency, then by the date of destruction', () => {
    const found = byUrgency(
      [hold('held', 2), hold('received', 70), hold('refused', 50), hold('submitted', 5)],
      NOW
    );
    expect(found.map((one) => one.state)).toEqual(['submitted', 'refused', 'received', 'held']);
  });
});
