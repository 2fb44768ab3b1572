import { describe, expect, it } from 'vitest';
import type { ReportView } from '../../outbox';
import { empty } from '../../sync/overlay';
import type { ReportState, Version } from '../../sync/types';
import { draftOfToday, grouped, madeAt, returnReasons, waitingFirst } from './reports';

const now = new Date('2026-11-23T21:00:00Z');

function version(value: unknown, wall = '2026-11-23T20:00:00Z'): Version {
  return {
    op: `op-${String(value)}-${wall}`,
    actor: 'me',
    device: 'd',
    wall,
    offset: 0,
    received: null,
    not_before: null,
    base: [],
    value
  };
}

function view(id: string, state: ReportState, more: Partial<ReportView> = {}): ReportView {
  const snapshot = { ...empty(id, { id: 'incident', version: 1 }, 'me', '010'), state };
  snapshot.fields = { review: { state: [version(state, more.lastSaved)] } };
  return {
    id,
    snapshot,
    server: null,
    holds: [],
    photos: [],
    quarantined: [],
    late: [],
    unlisted: 0,
    flags: [],
    dismissed: [],
    pending: 0,
    pendingPhotos: 0,
    state: 'server',
    lastSaved: '2026-11-23T20:00:00Z',
    ...more
  };
}

describe('where a capture goes', () => {
  it('is the open draft of today that was written to last', () => {
    const views = [
      view('old', 'draft', { lastSaved: '2026-11-21T20:59:00Z' }),
      view('morning', 'draft', { lastSaved: '2026-11-23T19:00:00Z' }),
      view('evening', 'returned', { lastSaved: '2026-11-23T20:30:00Z' }),
      view('sent', 'submitted', { lastSaved: '2026-11-23T20:50:00Z' })
    ];
    expect(draftOfToday(views, 'me', now)?.id).toBe('evening');
  });

  it('is never another officer’s report, and no report when today has none', () => {
    const views = [view('old', 'draft', { lastSaved: '2026-11-20T20:59:00Z' }), view('mine', 'draft')];
    expect(draftOfToday(views, 'somebody else', now)).toBeNull();
    expect(draftOfToday(views.slice(0, 1), 'me', now)).toBeNull();
  });
});

describe('home', () => {
  it('sorts into what needs the officer, drafts, sent today and earlier', () => {
    const split = view('split', 'submitted');
    split.snapshot.fields['report'] = { address: [version('a'), version('b')] };
    const groups = grouped(
      [
        view('draft', 'draft'),
        view('back', 'returned'),
        split,
        view('today', 'submitted'),
        view('before', 'approved', { lastSaved: '2026-11-02T20:00:00Z' })
      ],
      now
    );
    expect(groups.needs.map((one) => one.id).sort()).toEqual(['back', 'split']);
    expect(groups.drafts.map((one) => one.id)).toEqual(['draft']);
    expect(groups.sent.map((one) => one.id)).toEqual(['today']);
    expect(groups.earlier.map((one) => one.id)).toEqual(['before']);
  });

  it('puts what is only on this phone first on the safe page', () => {
    const views = [view('server', 'draft'), view('phone', 'draft', { pendingPhotos: 1 })];
    expect(waitingFirst(views).map((one) => one.id)).toEqual(['phone', 'server']);
  });
});

describe('a returned report', () => {
  it('gives its reasons only while it is returned', () => {
    const reasons = [{ entity: 'report', field: 'address', text: 'Which corner?' }];
    const back = view('back', 'returned');
    back.snapshot.fields['review'] = { reasons: [version(reasons)] };
    expect(returnReasons(back)).toEqual(reasons);
    back.snapshot.state = 'submitted';
    expect(returnReasons(back)).toEqual([]);
  });
});

it('reads the time of a report’s beginning from its id', () => {
  expect(madeAt('019ab2f0-5c00-7000-8000-000000000000')?.getTime()).toBe(0x019ab2f05c00);
  expect(madeAt('6b0c2b9e-3a57-4a43-9a37-6f9a2b1f0a11')).toBeNull();
});
