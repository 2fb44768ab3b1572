/** What the devices that wrote to a report last said of themselves, and remarks on how they count, in words. */
import type { Contact, DeviceName, Flag, Quarantined, Snapshot } from '../../sync/types';
import { shortPerson, type Naming } from './labels';
import { plural, timeBeside } from './short';

/** The devices whose words the report tells of. */
export function devicesOf(snapshot: Snapshot, quarantined: Quarantined[]): Set<string> {
  const heads = Object.values(snapshot.fields).flatMap((fields) => Object.values(fields).flat());
  const notKept = snapshot.settled.flatMap((one) => one.not_kept);
  const all = [...heads, ...notKept, ...snapshot.settled, ...quarantined].map((one) => one.device);
  return new Set(all.filter((one) => one !== null));
}

/**
 * `Phone of star 12345 last reported 7 unsent, 21:14.` and `3 changes of it have not arrived, though later ones have.`
 * Empty where the device is not behind. `reader` is told of their own unsent decisions elsewhere.
 */
export function contactWords(contact: Contact, people: Naming['people'], now: number, reader: string): string[] {
  if (contact.actor === reader) return [];
  const at = timeBeside(contact.at, now);
  const device = `${contact.name ?? 'A device'} of ${shortPerson(contact.actor, people)}`;
  const words: string[] = [];
  if ((contact.unsent ?? 0) > 0) words.push(`${device} last reported ${contact.unsent} unsent, ${at}.`);
  if (contact.missing > 0) {
    const whose = words.length > 0 ? 'it' : device;
    const verb = contact.missing === 1 ? 'has' : 'have';
    words.push(`${plural(contact.missing, 'change')} of ${whose} ${verb} not arrived, though later ones have.`);
  }
  return words;
}

/** One remark for each device that counted ops alike. */
export function flagWords(flags: Flag[], devices: Record<string, DeviceName>): string[] {
  const counted = [...new Set(flags.map((flag) => flag.device))];
  return counted.map((device) => {
    const name = devices[device]?.name ?? 'A device';
    return `${name} was restored from an older state: changes of it carry the same number. All of them are kept.`;
  });
}
