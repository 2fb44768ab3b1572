import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { scratch } from './scratch';

const place = { user: 'u', report: 'r', entity: 'report', field: 'narrative' };

describe('the scratch copy of what is being typed', () => {
  const kept = new Map<string, string>();
  beforeEach(() => {
    kept.clear();
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key)
    });
  });
  afterEach(() => void vi.unstubAllGlobals());

  it('is there at once, also for whoever opens the same field anew', () => {
    scratch(place).keep({ value: 'half a sen' });
    expect(scratch(place).read()).toEqual({ value: 'half a sen' });
  });

  it('belongs to one user, report, entity and field', () => {
    scratch(place).keep('mine');
    for (const other of [{ user: 'v' }, { report: 's' }, { entity: 'e' }, { field: 'address' }]) {
      expect(scratch({ ...place, ...other }).read()).toBeNull();
    }
  });

  it('is gone once dropped', () => {
    scratch(place).keep('saved by now');
    scratch(place).drop();
    expect(scratch(place).read()).toBeNull();
    expect(kept.size).toBe(0);
  });

  it('never stands in the way of typing', () => {
    const refuse = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    vi.stubGlobal('sessionStorage', { getItem: refuse, setItem: refuse, removeItem: refuse });
    const one = scratch(place);
    one.keep('x');
    one.drop();
    expect(one.read()).toBeNull();
    vi.stubGlobal('sessionStorage', { getItem: () => '{broken' });
    expect(scratch(place).read()).toBeNull();
  });
});
