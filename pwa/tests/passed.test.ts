/** Whether a refused step of the review is over is told by the server's times: the clocks of the devices decide nothing. */
import { describe, expect, it } from 'vitest';
import { isPassed } from '../src/sync/late';
import { empty } from '../src/sync/overlay';
import type { OpKind, Quarantined, Snapshot, Version } from '../src/sync/types';

const at = (time: string): number => Date.parse(`2026-11-23T${time}:00Z`);
/** As the server writes it: with microseconds, and an offset. */
const told = (time: string | null): string | null => time && `2026-11-23T${time}:00.250000+00:00`;

/** An id as a device makes it that has made none before: it begins with the time by the device's own clock. */
const idAt = (clock: string): string => `${at(clock).toString(16).padStart(12, '0').replace(/^.{8}/, '$&-')}-7000-8000-000000000001`;

/** Made when the device's own clock says `clock`. */
type Made = { clock: string; received: string | null; device?: string };

function standing({ clock, received, device = 'phone' }: Made): Snapshot {
  const state = { op: idAt(clock), device, received: told(received), value: 'submitted' } as Version;
  return { ...empty('r', { id: 'incident', version: 1 }, 'a', '010'), fields: { review: { state: [state] } } };
}

function refused(kind: OpKind, { clock, received, device = 'desk' }: Made): Quarantined {
  const words = { actor: 'a', wall: null, not_before: null, edits: [], reason: 'stale_view' };
  return { op: idAt(clock), sha256: 'x', kind, device, received: told(received), ...words };
}

describe('a refused step', () => {
  it.each<[string, Made, Made, boolean]>([
    ['of a desk whose clock is an hour slow, after the submission', { clock: '21:00', received: '21:00' }, { clock: '20:05', received: '21:05' }, false],
    ['of a desk whose clock is an hour fast, before the submission', { clock: '21:10', received: '21:10' }, { clock: '22:05', received: '21:05' }, true],
    ['that the review has gone past, by clocks that are right', { clock: '21:10', received: '21:10' }, { clock: '21:05', received: '21:05' }, true],
    ['that arrived in one moment with the next step of another device', { clock: '21:00', received: '21:00' }, { clock: '20:00', received: '21:00' }, false]
  ])('%s', (_, state, step, passed) => {
    expect(isPassed(standing(state), refused('approve', step))).toBe(passed);
  });

  it('is over where the same phone took the next one, delivered with it', () => {
    const [first, second] = [{ clock: '21:00', received: '21:30', device: 'phone' }, { clock: '21:05', received: '21:30', device: 'phone' }];
    expect(isPassed(standing(second), refused('submit', first))).toBe(true);
    expect(isPassed(standing(first), refused('submit', second))).toBe(false);
  });

  it('is over where this phone has taken the next one and not delivered it yet', () => {
    expect(isPassed(standing({ clock: '19:00', received: null }), refused('submit', { clock: '21:00', received: '21:00' }))).toBe(true);
  });

  it('that is only on this phone is newer than all that the server has', () => {
    expect(isPassed(standing({ clock: '22:00', received: '22:00' }), refused('submit', { clock: '21:00', received: null }))).toBe(false);
    expect(isPassed(standing({ clock: '22:00', received: null }), refused('submit', { clock: '21:00', received: null }))).toBe(true);
    expect(isPassed(standing({ clock: '20:00', received: null }), refused('submit', { clock: '21:00', received: null }))).toBe(false);
  });

  it('is not over before any step, nor by itself', () => {
    const step = refused('submit', { clock: '21:00', received: '21:00' });
    expect(isPassed(empty('r', { id: 'incident', version: 1 }, 'a', '010'), step)).toBe(false);
    const view = standing({ clock: '21:00', received: '21:00' });
    expect(isPassed(view, { ...step, op: view.fields['review']!['state']![0]!.op })).toBe(false);
  });

  it('is no word about the report, which stays', () => {
    const view = standing({ clock: '22:00', received: '22:00' });
    const [edit, dismiss] = (['edit', 'dismiss'] as const).map((kind) => isPassed(view, refused(kind, { clock: '21:00', received: '21:00' })));
    expect([edit, dismiss]).toEqual([false, true]);
  });
});
