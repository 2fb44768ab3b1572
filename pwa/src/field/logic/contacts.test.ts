import { describe, expect, it } from 'vitest';
import { reportedWords } from './contacts';

const at = (day: number, hour: number) => new Date(2026, 10, day, hour, 14).toISOString();
const now = Date.parse(at(23, 22));
const contact = { device: 'd1', name: 'Tablet', actor: 'me', unsent: 7, missing: 0, at: at(23, 21) };

describe('what a device last told the server', () => {
  it('is said with its time, and with the day where that is not today', () => {
    expect(reportedWords(contact, null, now)).toEqual(['Tablet last reported 7 unsent, 21:14.']);
    expect(reportedWords({ ...contact, at: at(21, 9) }, null, now)).toEqual([
      'Tablet last reported 7 unsent, 21 Nov 2026, 09:14.'
    ]);
    expect(reportedWords(contact, 'd1', now)[0]).toMatch(/^This phone last reported 7/);
  });

  it('tells of changes that are missing between others, and nothing of a device that is not behind', () => {
    const gap = { ...contact, unsent: null, missing: 1 };
    expect(reportedWords(gap, null, now)).toEqual([
      'Tablet: 1 change has not arrived, though later ones have. Open Holdfast on it.'
    ]);
    expect(reportedWords({ ...contact, unsent: 0 }, null, now)).toEqual([]);
  });
});
