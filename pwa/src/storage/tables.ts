/** The rows of a user's store on this phone. What is not sealed is what the sender must know while it is locked. */
import Dexie, { type EntityTable, type Table } from 'dexie';
import type { OpKind, Verdict } from '../sync/types';
import type { Sealed, SealedBytes } from './seam';

/** pending: only here · acked: on the server, kept 30 days · refused: on the server, in quarantine · stuck: refused unread. */
export type OpState = 'pending' | 'acked' | 'refused' | 'stuck';

export type OpRow = {
  op: string;
  report: string;
  device: string;
  n: number;
  kind: OpKind;
  /** Hash of the exact JWS string: a receipt counts only if it names the same. */
  sha256: string;
  size: number;
  state: OpState;
  at: string;
  seq: number | null;
  verdict: Verdict | null;
  reason: string | null;
  settledAt: string | null;
  body: Sealed;
};

export type ReportRow = { id: string; seq: number; body: Sealed };

/** A report that began on this phone, with the form that it keeps. */
export type BegunRow = { id: string; at: string; body: Sealed };

export type PhotoRow = {
  photo: string;
  report: string;
  sha256: string;
  size: number;
  type: string;
  at: string;
  state: 'pending' | 'done' | 'stuck';
  /** The tus upload, and how far the server said it has come. */
  url: string | null;
  offset: number;
  reason: string | null;
  doneAt: string | null;
};

export type BlobRow = { photo: string; body: SealedBytes };
export type MetaRow = { key: string; body: Sealed };

export class UserDatabase extends Dexie {
  ops!: EntityTable<OpRow, 'op'>;
  reports!: EntityTable<ReportRow, 'id'>;
  begun!: EntityTable<BegunRow, 'id'>;
  photos!: EntityTable<PhotoRow, 'photo'>;
  blobs!: EntityTable<BlobRow, 'photo'>;
  meta!: Table<MetaRow, string>;

  constructor(user: string) {
    // Strict: a commit is reported only when the bytes are on the disk, not when the system promised to write them.
    super(`holdfast-${user}`, { chromeTransactionDurability: 'strict' });
    this.version(1).stores({
      // The unique index is what keeps a device's count gapless, even where tabs cannot lock each other out.
      ops: 'op, report, state, &[device+n]',
      reports: 'id',
      begun: 'id',
      photos: 'photo, report, state',
      blobs: 'photo',
      meta: 'key'
    });
  }
}
