/** What a person's devices last told the server of themselves, in the words that the desk reads too. */
import type { Contact } from '../../sync/types';
import { dateTime, sameDate, timeOfDay } from '../../ui/time';

/** `Tablet last reported 7 unsent, 21:14.`; empty where a device is not behind. `own` is the device in hand. */
export function reportedWords(contact: Contact, own: string | null, now: number): string[] {
  const device = contact.device === own ? 'This phone' : (contact.name ?? 'A device of yours');
  const at = sameDate(contact.at, new Date(now)) ? timeOfDay(contact.at) : dateTime(contact.at);
  const words: string[] = [];
  if ((contact.unsent ?? 0) > 0) words.push(`${device} last reported ${contact.unsent} unsent, ${at}.`);
  if (contact.missing > 0) {
    const changes = contact.missing === 1 ? '1 change has' : `${contact.missing} changes have`;
    words.push(`${device}: ${changes} not arrived, though later ones have. Open Holdfast on it.`);
  }
  return words;
}
