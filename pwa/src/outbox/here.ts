/** Whose store is open, and with what it signs. */
import { currentUser, deviceOf, wasRevoked, type Device, type User } from '../session';
import { UserStore } from '../storage/user';
import { SaveFailed } from './errors';

const stores = new Map<string, UserStore>();

/** The store of a user on this phone; opened once. */
export function storeOf(user: string): UserStore {
  const known = stores.get(user);
  if (known) return known;
  const store = new UserStore(user);
  stores.set(user, store);
  return store;
}

export type Here = { user: User; store: UserStore; device: Device };

/** The user who writes, with store and signing device. Raises SaveFailed. */
export async function here(): Promise<Here> {
  const user = currentUser();
  if (!user) throw new SaveFailed('no_user');
  const device = await deviceOf(user.id);
  if (!device) throw new SaveFailed((await wasRevoked(user.id)) ? 'device_revoked' : 'no_device');
  return { user, store: storeOf(user.id), device };
}
