/** What the screens see of the outbox. */
import type { Flag, HoldStatus, Quarantined, Settlement, Snapshot } from '../sync/types';

/** `base` is filled in from the view where it is left out; give it where an editor was open while the feed went on. */
export type NewEdit = { entity: string; field: string; value: unknown; base?: string[] };

export type PhotoView = {
  photo: string;
  sha256: string;
  size: number;
  onPhone: boolean;
  onServer: boolean;
  offset: number;
};

export type ReportView = {
  id: string;
  /** The server's snapshot overlaid with what is still pending on this phone. */
  snapshot: Snapshot;
  server: Snapshot | null;
  holds: HoldStatus[];
  photos: PhotoView[];
  quarantined: Quarantined[];
  /** Those of `quarantined` that somebody has to decide about: their words stand nowhere else (sync/late.ts). */
  late: Quarantined[];
  /** How many more the server keeps than a copy lists: these stand in the history. */
  unlisted: number;
  flags: Flag[];
  /** Keys of the notices that were dismissed on this device; read them through `noticesOf`. */
  dismissed: string[];
  /** Ops that are only on this phone. */
  pending: number;
  pendingPhotos: number;
  state: 'phone' | 'server' | 'desk' | 'needs_you';
  lastSaved: string;
};

/** Somebody settled a field and did not keep what this person had written there. */
export type Notice = Settlement & { key: string; mine: Settlement['not_kept'] };

export type Safety = {
  /** False until the disk was counted once: before that nothing is known to be safe. */
  counted: boolean;
  pendingOps: number;
  pendingPhotos: number;
  pendingHolds: number;
  lastContact: string | null;
  step: string | null;
  error: { code: string; detail: string } | null;
  refused: number;
};
