import { describe, expect, it } from 'vitest';
import { bracketWords, clockIsOff, clockWords, deviceTime } from './bracket';

/** Times of this device's calendar, so that the words are the same in every time zone. */
const at = (day: number, hour: number, minute: number) => new Date(2026, 10, day, hour, minute).toISOString();

const made = (not_before: string | null, received: string | null, wall = at(23, 21, 14)) => ({
  wall,
  offset: -new Date(wall).getTimezoneOffset(),
  not_before,
  received
});

describe('when something was made', () => {
  it('lies between two times of the server', () => {
    expect(bracketWords(made(at(23, 21, 2), at(23, 21, 40)))).toBe(
      'made after 21:02 and before 21:40, by the server’s clock'
    );
  });

  it('names the day where it is not the one that the device’s clock shows', () => {
    expect(bracketWords(made(at(23, 21, 2), at(24, 6, 5)))).toBe(
      'made after 21:02 and before 24 Nov 2026, 06:05, by the server’s clock'
    );
    expect(bracketWords(made(at(22, 23, 50), at(22, 23, 59)))).toBe(
      'made after 22 Nov 2026, 23:50 and before 23:59, by the server’s clock'
    );
  });

  it('is one time where the server’s two are written alike', () => {
    expect(bracketWords(made(at(23, 21, 40), at(23, 21, 40)))).toBe('made at 21:40, by the server’s clock');
    expect(bracketWords(made(at(24, 6, 5), at(24, 6, 5)))).toBe('made at 24 Nov 2026, 06:05, by the server’s clock');
  });

  it('says one side where only that is known, and claims nothing without any', () => {
    expect(bracketWords(made(null, at(23, 21, 40)))).toBe('arrived 21:40, by the server’s clock');
    expect(bracketWords(made(at(23, 21, 2), null))).toBe('made after 21:02, by the server’s clock');
    expect(bracketWords(made(null, null))).toBe('');
  });

  it('knows a device’s clock that cannot be right, and forgives five minutes', () => {
    const [after, before] = [at(23, 21, 2), at(23, 21, 40)];
    expect(clockIsOff(made(after, before))).toBe(false);
    expect(clockIsOff(made(after, before, at(23, 20, 57)))).toBe(false);
    expect(clockIsOff(made(after, before, at(23, 20, 56)))).toBe(true);
    expect(clockIsOff(made(after, before, at(23, 21, 45)))).toBe(false);
    expect(clockIsOff(made(after, before, at(23, 21, 46)))).toBe(true);
    expect(clockIsOff(made(after, before, at(23, 20, 30)))).toBe(true);
    expect(clockIsOff(made(after, before, at(24, 9, 0)))).toBe(true);
    expect(clockIsOff(made(null, null, at(24, 9, 0)))).toBe(false);
  });

  it('says how far the clock was off at least, and which way', () => {
    const [after, before] = [at(23, 21, 2), at(23, 21, 40)];
    expect(clockWords(made(after, before))).toBe('');
    expect(clockWords(made(after, before, at(23, 20, 30)))).toBe('its clock was at least 32 min behind the server’s');
    expect(clockWords(made(null, before, at(24, 9, 0)))).toBe('its clock was at least 11 h ahead of the server’s');
    expect(clockWords(made(after, before, at(20, 21, 2)))).toBe('its clock was at least 3 days behind the server’s');
  });

  it('shows the device’s own time with its offset', () => {
    expect(deviceTime({ wall: '2026-11-24T03:14:00.000Z', offset: -360 })).toBe(
      '23 Nov 2026, 21:14 −06:00 by own clock'
    );
  });
});
