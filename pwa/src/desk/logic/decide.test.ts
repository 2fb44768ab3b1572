import { beforeEach, describe, expect, it, vi } from 'vitest';
import { get, writable } from 'svelte/store';
import type { ReportView } from '../../outbox';

const view = writable<ReportView | null>(null);
vi.mock('../../outbox', () => ({
  report: () => view,
  save: vi.fn(() => Promise.resolve()),
  syncNow: vi.fn(() => Promise.resolve())
}));
const { decide, outcome, outcomes } = await import('./decide');

function aView(ops: number, over: Partial<ReportView> = {}): ReportView {
  return { id: 'r1', server: { ops }, pending: 0, quarantined: [], ...over } as unknown as ReportView;
}
const heldBack = [{ op: 'q1', reason: 'stale_view' }] as unknown as ReportView['quarantined'];

describe('outcome', () => {
  const was = { ops: 4, heldBack: new Set<string>() };

  it('says nothing while the op is only on this computer', () => {
    expect(outcome(aView(4, { pending: 1 }), was, 'Approved.')).toBeNull();
    expect(outcome(aView(4), was, 'Approved.')).toBeNull();
  });

  it('says applied only when the server has the op', () => {
    expect(outcome(aView(5), was, 'Approved.')).toMatchObject({ verdict: 'applied', says: 'Approved.' });
  });

  it('says why an op was held back, also when other changes arrived with it', () => {
    const found = outcome(aView(5, { quarantined: heldBack }), was, 'Approved.');
    expect(found).toMatchObject({ verdict: 'quarantined', code: 'stale_view' });
    expect(found?.says).toMatch(/changed while it was being read/);
  });

  it('does not take an older quarantined op for its own', () => {
    expect(
      outcome(aView(5, { quarantined: heldBack }), { ops: 4, heldBack: new Set(['q1']) }, 'Done.')?.verdict
    ).toBe('applied');
  });
});

describe('decide', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    view.set(aView(4));
    outcomes.set({});
  });

  it('tells what the server said', async () => {
    const deciding = decide('r1', [], 'approve', 'Approved.');
    await vi.advanceTimersByTimeAsync(100);
    view.set(aView(5));
    expect((await deciding).verdict).toBe('applied');
    expect(get(outcomes)['r1']?.says).toBe('Approved.');
  });

  it('says waiting when nothing came back, and tells the answer when it comes', async () => {
    const deciding = decide('r1', [], 'approve', 'Approved.');
    view.set(aView(4, { pending: 1 }));
    await vi.advanceTimersByTimeAsync(20_000);
    expect((await deciding).verdict).toBe('waiting');
    view.set(aView(4, { quarantined: heldBack }));
    expect(get(outcomes)['r1']?.verdict).toBe('quarantined');
  });
});
