import { describe, expect, it } from 'vitest';
import { permit, type Standing } from './permit';

const ready: Standing = {
  state: 'submitted',
  author: 'officer',
  user: 'desk',
  conflicts: 0,
  merged: 0,
  unread: 0,
  pending: 0
};

describe('permit', () => {
  it('lets a reviewer decide on a submitted report', () => {
    expect(permit(ready)).toEqual({ approve: null, return: null, resolve: null, late: null });
  });

  it('never lets the author review', () => {
    const own = permit({ ...ready, author: 'desk' });
    expect(own.approve).toMatch(/author/);
    expect(own.return).toMatch(/author/);
    expect(own.resolve).toMatch(/author/);
    expect(own.late).toMatch(/author/);
  });

  it('asks to resolve conflicts before approval, but not before a return', () => {
    const open = permit({ ...ready, conflicts: 2 });
    expect(open.approve).toMatch(/2 open conflicts/);
    expect(open.return).toBeNull();
  });

  it('asks to read and confirm merged texts before approval, but not before a return', () => {
    const open = permit({ ...ready, merged: 1 });
    expect(open.approve).toBe('Read and confirm 1 merged text first.');
    expect(open.return).toBeNull();
    expect(open.resolve).toBeNull();
  });

  it('leaves late changes open to a decision in every state', () => {
    for (const state of ['draft', 'submitted', 'returned', 'approved'] as const) {
      expect(permit({ ...ready, state }).late).toBeNull();
    }
  });

  it('asks to look at what changed before approval', () => {
    expect(permit({ ...ready, unread: 1 }).approve).toMatch(/1 change arrived/);
  });

  it('says why a draft, a returned and an approved report cannot be decided on', () => {
    for (const state of ['draft', 'returned', 'approved'] as const) {
      expect(permit({ ...ready, state }).approve).toBeTruthy();
    }
    expect(permit({ ...ready, state: 'approved' }).resolve).toMatch(/locked/);
  });

  it('waits for a decision that is still under way', () => {
    expect(permit({ ...ready, pending: 1 }).return).toMatch(/not reached/);
  });
});
