import { describe, expect, it } from 'vitest';
import type { Contact } from '../../sync/types';
import { kept, snapshot, version } from './builders';
import { contactWords, devicesOf, flagWords } from './contacts';

const people = { u1: { name: 'Ana Ruiz', star: '12345' } };
const at = new Date(2026, 10, 23, 21, 14);
const now = new Date(2026, 10, 23, 22, 0).getTime();
const contact = (over: Partial<Contact> = {}): Contact => ({
  device: 'd1',
  name: 'Phone',
  actor: 'u1',
  unsent: 7,
  missing: 0,
  at: at.toISOString(),
  ...over
});

describe('what a device last said', () => {
  it('is how much it still holds, and when', () => {
    const said = contactWords(contact(), people, now, 'desk');
    expect(said).toEqual(['Phone of star 12345 last reported 7 unsent, 21:14.']);
  });

  it('names the day where it was not today', () => {
    const later = now + 86_400_000;
    expect(contactWords(contact(), people, later, 'desk')[0]).toContain('23 Nov 2026, 21:14');
  });

  it('is what has not arrived though later changes have', () => {
    expect(contactWords(contact({ unsent: null, missing: 3 }), people, now, 'desk')).toEqual([
      '3 changes of Phone of star 12345 have not arrived, though later ones have.'
    ]);
    expect(contactWords(contact({ missing: 1 }), people, now, 'desk')[1]).toBe(
      '1 change of it has not arrived, though later ones have.'
    );
  });

  it('is nothing of a device that is not behind, nor of the reader’s own', () => {
    expect(contactWords(contact({ unsent: 0 }), people, now, 'desk')).toEqual([]);
    expect(contactWords(contact(), people, now, 'u1')).toEqual([]);
  });
});

describe('the devices of a report', () => {
  it('are those of what stands, of what was not kept and of what is kept aside', () => {
    const { base: _, not_before: __, ...by } = version('e', 'east', { device: 'desk' });
    const notKept = [version('b', 'south', { device: 'd2' })];
    const view = snapshot({
      fields: { report: { address: [version('a', 'x')] } },
      settled: [{ ...by, entity: 'report', field: 'address', reason: 'r', not_kept: notKept }]
    });
    const aside = [kept('q', { device: 'd3' }), kept('p', { device: null })];
    expect([...devicesOf(view, aside)].sort()).toEqual(['d1', 'd2', 'd3', 'desk']);
  });
});

describe('devices that counted two changes alike', () => {
  it('are told once, with what it means', () => {
    const flag = (op: string, other: string) => ({ op, other, device: 'd1', flag: 'n_reused' as const });
    const words = flagWords([flag('a', 'b'), flag('b', 'a')], { d1: { name: 'Phone' } });
    expect(words).toHaveLength(1);
    expect(words[0]).toMatch(/^Phone was restored from an older state: .* kept\.$/);
  });
});
