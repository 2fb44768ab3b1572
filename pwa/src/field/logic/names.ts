/** People and devices as the screens name them. */
import type { DeviceName, Person } from '../../sync/types';

export type Names = { people: Record<string, Person>; devices: Record<string, DeviceName>; user: string };

/** "You", or the person's name with their star. */
export function personName(actor: string | null, { people, user }: Names): string {
  if (actor !== null && actor === user) return 'You';
  const found = people[actor ?? ''];
  if (!found) return 'Unknown person';
  return found.star ? `${found.name}, star ${found.star}` : found.name;
}

export function deviceName(device: string | null, { devices }: Names): string {
  return devices[device ?? '']?.name ?? 'unknown device';
}
