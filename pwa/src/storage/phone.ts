/** What this phone knows across users: who was here, and their signing keys, which cannot leave it. */
import Dexie, { type EntityTable, type Table } from 'dexie';
import { open, seal, type Sealed } from './seam';

type UserRow = { id: string; seenAt: string; body: Sealed };

/** `device` is null until the server has enrolled the key. The private key is not extractable. */
export type KeyRow = {
  id: string;
  user: string;
  device: string | null;
  privateKey: CryptoKey;
  publicJwk: JsonWebKey;
  madeAt: string;
  revoked: boolean;
};

type MetaRow = { key: string; body: Sealed };

class PhoneDatabase extends Dexie {
  users!: EntityTable<UserRow, 'id'>;
  keys!: EntityTable<KeyRow, 'id'>;
  meta!: Table<MetaRow, string>;

  constructor() {
    super('holdfast', { chromeTransactionDurability: 'strict' });
    this.version(1).stores({ users: 'id', keys: 'id, user, device', meta: 'key' });
  }
}

export class PhoneStore {
  readonly db = new PhoneDatabase();

  async rememberUser<T extends { id: string }>(user: T): Promise<void> {
    await this.db.users.put({ id: user.id, seenAt: new Date().toISOString(), body: await seal(user) });
  }

  async user<T>(id: string): Promise<T | null> {
    const row = await this.db.users.get(id);
    return row ? open<T>(row.body) : null;
  }

  async userIds(): Promise<string[]> {
    return this.db.users.toCollection().primaryKeys();
  }

  async meta<T>(key: string): Promise<T | null> {
    const row = await this.db.meta.get(key);
    return row ? open<T>(row.body) : null;
  }

  async setMeta(key: string, value: unknown): Promise<void> {
    await this.db.meta.put({ key, body: await seal(value) });
  }

  async keysOf(user: string): Promise<KeyRow[]> {
    return (await this.db.keys.where({ user }).toArray()).sort((a, b) => (a.madeAt < b.madeAt ? 1 : -1));
  }

  async putKey(key: KeyRow): Promise<void> {
    await this.db.keys.put(key);
  }
}

export const phone = new PhoneStore();
