/** A user's store on this phone, in the words of the outbox. Everything it writes goes through the seam. */
import { open, openBytes, seal, sealBytes } from './seam';
import { UserDatabase, type OpRow, type PhotoRow } from './tables';
import { whole } from '../sync/copy';
import type { FormRef, Copy, OpPayload } from '../sync/types';

export type { OpRow, OpState, PhotoRow } from './tables';
export type StoredOp = Omit<OpRow, 'body'> & { jws: string; payload: OpPayload };
export type Chain = { n: number; prev: string | null };
export type Begun = { id: string; at: string; form: FormRef };
export type Photo = PhotoRow & { bytes: ArrayBuffer };

/** What one save writes, in one transaction. */
export type Save = { op: StoredOp; chain: Chain; begun?: Begun; photo?: Photo };

export class UserStore {
  readonly db: UserDatabase;

  constructor(readonly user: string) {
    this.db = new UserDatabase(user);
  }

  async meta<T>(key: string): Promise<T | null> {
    const row = await this.db.meta.get(key);
    return row ? open<T>(row.body) : null;
  }

  async setMeta(key: string, value: unknown): Promise<void> {
    await this.db.meta.put({ key, body: await seal(value) });
  }

  /** Write an op with all that belongs to it. Fails whole; a taken `n` means that another tab was faster. */
  async save(save: Save): Promise<void> {
    const { jws, payload, ...row } = save.op;
    const opRow: OpRow = { ...row, body: await seal({ jws, payload }) };
    const chain = { key: chainKey(row.device), body: await seal(save.chain) };
    const begun = save.begun && (await this.#begunRow(save.begun));
    const bytes = save.photo && { photo: save.photo.photo, body: await sealBytes(save.photo.bytes) };
    const { db } = this;
    await db.transaction('rw', [db.ops, db.meta, db.begun, db.photos, db.blobs], async () => {
      await db.ops.add(opRow);
      await db.meta.put(chain);
      if (begun) await db.begun.put(begun);
      if (save.photo && bytes) {
        const { bytes: _bytes, ...photo } = save.photo;
        await db.photos.add(photo);
        await db.blobs.add(bytes);
      }
    });
  }

  async chain(device: string): Promise<Chain> {
    return (await this.meta<Chain>(chainKey(device))) ?? { n: 0, prev: null };
  }

  async begin(begun: Begun): Promise<void> {
    await this.db.begun.put(await this.#begunRow(begun));
  }

  async begun(id: string): Promise<Begun | null> {
    const row = await this.db.begun.get(id);
    return row ? { id, at: row.at, ...(await open<{ form: FormRef }>(row.body)) } : null;
  }

  async #begunRow({ id, at, form }: Begun): Promise<{ id: string; at: string; body: Awaited<ReturnType<typeof seal>> }> {
    return { id, at, body: await seal({ form }) };
  }

  async op(id: string): Promise<StoredOp | null> {
    const row = await this.db.ops.get(id);
    return row ? openOp(row) : null;
  }

  /** A report's ops on this phone, in the order in which they were made. */
  async opsOf(report: string): Promise<StoredOp[]> {
    return inOrder(await Promise.all((await this.db.ops.where({ report }).toArray()).map(openOp)));
  }

  async pendingOps(): Promise<StoredOp[]> {
    return inOrder(await Promise.all((await this.db.ops.where({ state: 'pending' }).toArray()).map(openOp)));
  }

  /** How many ops of a device have no receipt yet. */
  async unsent(device: string): Promise<number> {
    return this.db.ops.where('state').anyOf('pending', 'stuck').filter((op) => op.device === device).count();
  }

  async copy(id: string): Promise<Copy | null> {
    const row = await this.db.reports.get(id);
    return row ? whole(await open<Copy>(row.body)) : null;
  }

  /** The keys of the notices about a report that were dismissed on this device. */
  async dismissed(report: string): Promise<string[]> {
    return (await this.meta<string[]>(noticesKey(report))) ?? [];
  }

  async dismissNotice(report: string, key: string): Promise<void> {
    await this.setMeta(noticesKey(report), [...new Set([...(await this.dismissed(report)), key])]);
  }

  async photosOf(report: string): Promise<PhotoRow[]> {
    return this.db.photos.where({ report }).toArray();
  }

  /** A photo's original bytes, where this phone still has them. */
  async bytes(photo: string): Promise<ArrayBuffer | null> {
    const row = await this.db.blobs.get(photo);
    return row ? openBytes(row.body) : null;
  }

  /** The ids of every report that this phone knows of. */
  async reportIds(): Promise<string[]> {
    const { db } = this;
    const [copies, begun, ops] = await Promise.all([
      db.reports.toCollection().primaryKeys(),
      db.begun.toCollection().primaryKeys(),
      db.ops.orderBy('report').uniqueKeys()
    ]);
    return [...new Set([...copies, ...begun, ...(ops as string[])])];
  }

  async noteContact(): Promise<void> {
    await this.setMeta('last-contact', new Date().toISOString());
  }

  close(): void {
    this.db.close();
  }
}

async function openOp(row: OpRow): Promise<StoredOp> {
  const { body, ...rest } = row;
  return { ...rest, ...(await open<{ jws: string; payload: OpPayload }>(body)) };
}

function inOrder(ops: StoredOp[]): StoredOp[] {
  // Ids are UUIDv7, which also puts the ops of an earlier enrolment first.
  return ops.sort((a, b) => (a.device === b.device ? a.n - b.n : a.op < b.op ? -1 : 1));
}

export function noticesKey(report: string): string {
  return `notices:${report}`;
}

function chainKey(device: string): string {
  return `chain:${device}`;
}
