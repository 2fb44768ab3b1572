/** What the screens see of the outbox. */
import type { HoldStatus, Quarantined, Snapshot } from '../sync/types';

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
  /** Ops that are only on this phone. */
  pending: number;
  pendingPhotos: number;
  state: 'phone' | 'server' | 'desk' | 'needs_you';
  lastSaved: string;
};

export type Safety = {
  pendingOps: number;
  pendingPhotos: number;
  pendingHolds: number;
  lastContact: string | null;
  step: string | null;
  error: { code: string; detail: string } | null;
  refused: number;
};
