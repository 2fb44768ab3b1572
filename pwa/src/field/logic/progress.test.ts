import { describe, expect, it } from 'vitest';
import form from '../../../../sync/forms/incident.v1.json';
import type { ReportView } from '../../outbox';
import { missing } from '../../sync/form';
import { empty } from '../../sync/overlay';
import type { FormDefinition, HoldState, Version } from '../../sync/types';
import { daysWords, holdOf, leastCertain } from './holds';
import { sectionProgress, things, topSections } from './progress';

const definition = form as unknown as FormDefinition;
const section = (id: string) => definition.sections.find((one) => one.id === id)!;

function version(value: unknown, received: string | null = null): Version {
  return {
    op: `op-${String(value)}`,
    actor: 'a',
    device: 'd',
    wall: '2026-11-23T20:00:00Z',
    offset: 0,
    received,
    not_before: null,
    base: [],
    value
  };
}

const blank = () => empty('r', { id: 'incident', version: 1 }, 'a', '010');

describe('the progress of a section', () => {
  it('counts what is missing, and is done only when something was required', () => {
    const view = blank();
    const words = (id: string) => sectionProgress(view, section(id), missing(definition, view)).words;
    expect(words('narrative')).toBe('1 missing');
    view.fields['report'] = { narrative: [version('Two agents …')], 'observed/mask': [version(true)] };
    expect(words('narrative')).toBe('done');
    expect(words('observations')).toBe('1 of 14');
    expect(words('people')).toBe('none yet');
  });

  it('says how many things, in one way', () => {
    expect([things(1, 'missing'), things(2, 'first')]).toEqual(['1 thing missing', '2 things first']);
  });

  it('shows nested lists inside their parent, not as cards', () => {
    const ids = topSections(definition.sections).map((one) => one.id);
    expect(ids).toContain('agents');
    expect(ids).not.toContain('attempts');
    expect(ids).not.toContain('supplements');
  });
});

describe('the state of a hold', () => {
  const now = Date.parse('2026-11-24T20:00:00Z');

  function withHold(received: string | null, state?: HoldState): ReportView {
    const snapshot = blank();
    snapshot.entities['f'] = { list: 'footage', parent: null, removed: false, flagged: false };
    snapshot.fields['f'] = {
      basis: [version('officer_request', received)],
      from: [version('2026-11-23T20:00:00Z')]
    };
    const destroy_on = '2027-02-21T20:00:00Z';
    const base = {
      hold: 'f',
      footage: 'f',
      since: '2026-11-23T20:01:00Z',
      custodian: null,
      reference: null,
      error: null
    };
    return { snapshot, holds: state ? [{ ...base, state, destroy_on }] : [] } as unknown as ReportView;
  }

  it('counts the days from the recording, also before the server knows of it', () => {
    expect(holdOf(withHold(null), 'f', 90, now)).toMatchObject({
      badge: 'phone',
      word: 'only on this phone',
      days: 89
    });
    expect(holdOf(withHold('2026-11-23T20:01:00Z'), 'f', 90, now)?.badge).toBe('server');
  });

  it.each<HoldState>([
    'received',
    'submitted',
    'acknowledged',
    'matched',
    'awaiting_upload',
    'refused',
    'failed'
  ])('never says held while it is %s', (state) => {
    const hold = holdOf(withHold('x', state), 'f', 90, now);
    expect(hold?.badge).not.toBe('held');
    expect(hold?.word).not.toBe('held');
  });

  it('says held when the custodian’s hold was read back', () => {
    expect(holdOf(withHold('x', 'held'), 'f', 90, now)).toMatchObject({
      badge: 'held',
      word: 'held',
      days: null,
      destroyOn: '2027-02-21T20:00:00Z'
    });
  });

  it('speaks for a report with its least certain hold and the fewest days that still run', () => {
    const held = holdOf(withHold('x', 'held'), 'f', 90, now)!;
    const waiting = holdOf(withHold(null), 'f', 90, now)!;
    const soon = { ...holdOf(withHold('x', 'submitted'), 'f', 90, now)!, days: 3 };
    expect(leastCertain([held, waiting, soon])).toMatchObject({ badge: 'phone', days: 3 });
    expect(leastCertain([held])).toMatchObject({ badge: 'held', days: null });
    expect(leastCertain([])).toBeNull();
    expect([daysWords(null), daysWords(1), daysWords(-1)]).toEqual([
      'days unknown',
      '1 day left',
      'past its day'
    ]);
  });
});
