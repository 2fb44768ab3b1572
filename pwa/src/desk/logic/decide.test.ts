import { beforeEach, describe, expect, it, vi } from 'vitest';
import { get, writable } from 'svelte/store';
import type { ReportView } from '../../outbox';

const view = writable<ReportView | null>(null);
vi.mock('../../outbox', () => ({
  report: () => view,
  save: vi.fn(() => Promise.resolve()),
  syncNow: vi.fn(() => Promise.resolve())
}));
vi.mock('../../session', async () => {
  const { readable } = await import('svelte/store');
  return { session: readable({ user: { id: 'me' } }) };
});
const { carryOut, decide, outcome, outcomes } = await import('./decide');

function aView(ops: number, over: Partial<ReportView> = {}): ReportView {
  return { id: 'r1', server: { ops }, pending: 0, quarantined: [], ...over } as unknown as ReportView;
}
function kept(sha256: string, reason: string, actor = 'me'): ReportView['quarantined'] {
  return [{ op: 'q1', sha256, reason, actor }] as unknown as ReportView['quarantined'];
}
const heldBack = kept('h1', 'stale_view');

describe('outcome', () => {
  const was = { ops: 4, heldBack: new Set<string>(), user: 'me' };

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
      outcome(aView(5, { quarantined: heldBack }), { ...was, heldBack: new Set(['h1']) }, 'Done.')?.verdict
    ).toBe('applied');
  });

  it('does not take what a phone delivered too late for an answer to the decision', () => {
    const late = kept('h2', 'report_locked', 'officer');
    expect(outcome(aView(4, { quarantined: late }), was, 'Done.')).toBeNull();
    expect(outcome(aView(5, { quarantined: late }), was, 'Done.')?.verdict).toBe('applied');
  });

  it('says what stands there when it is done', () => {
    expect(outcome(aView(5), was, (view) => `${view.server?.ops} changes`)?.says).toBe('5 changes');
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

  it('does not wait for an answer to what could not be saved', async () => {
    await expect(carryOut('r1', () => Promise.reject(new Error('full')), 'Done.')).rejects.toThrow('full');
    expect(get(outcomes)).toEqual({});
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
