import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FieldSaver, type SaveState } from './saver';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function saver(write: (value: unknown) => Promise<void>) {
  const states: SaveState['kind'][] = [];
  return { states, it: new FieldSaver(write, (state) => states.push(state.kind)) };
}

describe('saving a field', () => {
  it('saves once after a pause in typing', async () => {
    const write = vi.fn(async () => {});
    const one = saver(write);
    one.it.type('W');
    one.it.type('W 26');
    await vi.advanceTimersByTimeAsync(299);
    expect(write).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(write).toHaveBeenCalledExactlyOnceWith('W 26');
    expect(one.states).toEqual(['saving', 'saved']);
    expect(one.it.settled).toBe(true);
  });

  it('saves at once when the field or the page is left', async () => {
    const write = vi.fn(async () => {});
    const one = saver(write);
    one.it.type('half a sen');
    await one.it.flush();
    expect(write).toHaveBeenCalledExactlyOnceWith('half a sen');
  });

  it('writes one value at a time and the latest last', async () => {
    let open = (): void => {};
    const written: unknown[] = [];
    const one = saver((value) => {
      written.push(value);
      return new Promise((done) => (open = done));
    });
    void one.it.now('a');
    void one.it.now('b');
    void one.it.now('c');
    expect(written).toEqual(['a']);
    open();
    await vi.advanceTimersByTimeAsync(0);
    expect(written).toEqual(['a', 'c']);
  });

  it('is settled when it says saved', async () => {
    const seen: boolean[] = [];
    const one: FieldSaver = new FieldSaver(
      async () => {},
      (state) => state.kind === 'saved' && seen.push(one.settled)
    );
    await one.now('a');
    expect(seen).toEqual([true]);
  });

  it('keeps what could not be saved and saves it when tried again', async () => {
    const write = vi
      .fn<(value: unknown) => Promise<void>>()
      .mockRejectedValueOnce(new Error('full'))
      .mockResolvedValue();
    const one = saver(write);
    await one.it.now('kept');
    expect(one.states.at(-1)).toBe('failed');
    expect(one.it.settled).toBe(false);
    await one.it.flush();
    expect(write).toHaveBeenLastCalledWith('kept');
    expect(one.states.at(-1)).toBe('saved');
  });
});
