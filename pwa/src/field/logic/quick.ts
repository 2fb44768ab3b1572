import { isoWithOffset } from '../../ui/time';
import { wellFormed } from '../../ui/wellFormed';

/** The values that a quick capture saves: times are preset, nothing else is assumed beyond what was tapped. */

export const RUNGS = ['supervisor', 'name', 'badge', 'credential'] as const;
export const QUICK_ANSWERS = ['refused', 'unsafe', 'left'] as const;
export const HOLD_MINUTES_BEFORE = 5;

function withoutEmpty(values: Record<string, unknown>): Record<string, unknown> {
  const given = Object.entries(values).filter(([, one]) => one !== '' && one !== null && one !== undefined);
  return wellFormed(Object.fromEntries(given));
}

export function attemptValues(
  rung: string,
  answered: string,
  words: string,
  now: Date
): Record<string, unknown> {
  return withoutEmpty({ rung, answered, at: isoWithOffset(now), words: words.trim() });
}

/** The rung that is asked for next; after the last one it stays there, because a person may ask again. */
export function nextRung(rung: string, rungs: readonly string[] = RUNGS): string {
  const at = rungs.indexOf(rung);
  return rungs[Math.min(at + 1, rungs.length - 1)] ?? rung;
}

export function noteValues(text: string, now: Date): Record<string, unknown> {
  return { at: isoWithOffset(now), text: wellFormed(text.trim()) };
}

export function photoValues(subject: string | null, now: Date): Record<string, unknown> {
  return withoutEmpty({ taken_at: isoWithOffset(now), subject });
}

export type HoldChoice = {
  kind: string;
  star: string;
  serial: string;
  minutesBefore: number;
  /** A window that was noted before; empty: from some minutes ago until now. */
  from: string;
  to: string;
  basis: string;
  why: string;
};

export type FootageWindow = { from: string; to: string; destroy: (days: number) => string };

export function windowOf(choice: HoldChoice, now: Date): FootageWindow {
  const from = choice.from || isoWithOffset(new Date(now.getTime() - choice.minutesBefore * 60_000));
  return { from, to: choice.to || isoWithOffset(now), destroy: (days) => destroyOn(from, days) };
}

/** Every field of the hold: it is delivered before anything else of the report and must stand alone. */
export function holdValues(choice: HoldChoice, now: Date): Record<string, unknown> {
  const { from, to } = windowOf(choice, now);
  return withoutEmpty({
    kind: choice.kind,
    wearer_star: choice.star.trim(),
    device_serial: choice.serial.trim(),
    from,
    to,
    basis: choice.basis,
    why: choice.why.trim()
  });
}

/** What stops a hold from being asked for, in words; null when nothing does. */
export function holdNeeds(choice: HoldChoice): string | null {
  if (!choice.star.trim() && !choice.serial.trim() && choice.kind === 'bwc') {
    return 'Give the wearer’s star or the camera’s serial number, so that the footage can be found.';
  }
  if (choice.minutesBefore <= 0) return 'The window must begin before now.';
  return null;
}

/** The day on which the recording would be destroyed unless it is held: counted from the recording, never from sync. */
export function destroyOn(recordedFrom: string, days: number): string {
  return new Date(Date.parse(recordedFrom) + days * 86_400_000).toISOString();
}
