import { describe, expect, it } from 'vitest';
import { isoWithOffset } from '../../ui/time';
import {
  attemptValues,
  destroyOn,
  holdNeeds,
  holdValues,
  nextRung,
  noteValues,
  photoValues,
  windowOf
} from './quick';

const now = new Date('2026-11-24T03:14:30Z');
const mine = {
  kind: 'bwc',
  star: '12345',
  serial: '',
  minutesBefore: 5,
  from: '',
  to: '',
  basis: 'officer_request',
  why: ''
};

describe('quick capture', () => {
  it('saves an attempt with what was tapped and the time, and no words that nobody typed', () => {
    expect(attemptValues('name', 'refused', '  ', now)).toEqual({
      rung: 'name',
      answered: 'refused',
      at: isoWithOffset(now)
    });
    expect(attemptValues('badge', 'left', ' no names ', now).words).toBe('no names');
  });

  it('climbs the ladder and stays on the last rung', () => {
    expect(['supervisor', 'name', 'badge', 'credential'].map((one) => nextRung(one))).toEqual([
      'name',
      'badge',
      'credential',
      'credential'
    ]);
  });

  it('holds from five minutes before until now on the officer’s request', () => {
    const values = holdValues(mine, now);
    expect(Date.parse(values.to as string) - Date.parse(values.from as string)).toBe(5 * 60_000);
    expect(values).toMatchObject({ kind: 'bwc', wearer_star: '12345', basis: 'officer_request' });
    expect(values).not.toHaveProperty('why');
  });

  it('keeps the window of a camera that was noted before', () => {
    const from = '2026-11-23T20:00:00-06:00';
    expect(holdValues({ ...mine, from, to: '2026-11-23T20:30:00-06:00' }, now)).toMatchObject({
      from,
      to: '2026-11-23T20:30:00-06:00'
    });
    expect(windowOf({ ...mine, from }, now).to).toBe(isoWithOffset(now));
  });

  it('says what a hold still needs', () => {
    expect(holdNeeds(mine)).toBeNull();
    expect(holdNeeds({ ...mine, star: ' ' })).toMatch(/star or the camera/);
    expect(holdNeeds({ ...mine, star: '', kind: 'pod' })).toBeNull();
  });

  it('counts the days from the recording', () => {
    expect(destroyOn('2026-11-23T21:09:30-06:00', 90)).toBe('2027-02-22T03:09:30.000Z');
  });

  it('keeps a note’s time and a photo’s subject only when chosen', () => {
    expect(noteValues(' two vans ', now)).toEqual({ at: isoWithOffset(now), text: 'two vans' });
    expect(photoValues(null, now)).toEqual({ taken_at: isoWithOffset(now) });
    expect(photoValues('id', now).subject).toBe('id');
  });
});
