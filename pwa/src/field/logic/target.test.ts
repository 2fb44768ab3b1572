import { beforeEach, describe, expect, it, vi } from 'vitest';

const outbox = vi.hoisted(() => ({ newReport: vi.fn() }));
vi.mock('../../outbox', () => outbox);
const { Target } = await import('./target.svelte');

beforeEach(() => {
  outbox.newReport.mockReset().mockResolvedValueOnce('new-1').mockResolvedValueOnce('new-2');
});

describe('the report that a capture goes to', () => {
  it('opens one report however often the button is tapped', async () => {
    const target = new Target(null, 'me');
    expect(await Promise.all([target.open([]), target.open([])])).toEqual(['new-1', 'new-1']);
    expect(await target.open([])).toBe('new-1');
    expect(outbox.newReport).toHaveBeenCalledOnce();
  });

  it('stays with the report it was given until a new one is asked for', async () => {
    const target = new Target('given', 'me');
    expect(await target.open([])).toBe('given');
    target.renew();
    expect(target.in([])).toBeNull();
    expect(await target.open([])).toBe('new-1');
  });

  it('tries again after a report could not be made', async () => {
    outbox.newReport.mockReset().mockRejectedValueOnce(new Error('full')).mockResolvedValueOnce('new-1');
    const target = new Target(null, 'me');
    await expect(target.open([])).rejects.toThrow('full');
    expect(await target.open([])).toBe('new-1');
  });
});
