/** A report as its screens see it: the server's snapshot, overlaid with what this phone has not seen come back yet. */
import { MENDS_ITSELF, decision, isPassed, undecided } from '../sync/late';
import { empty, overlay, standingApart } from '../sync/overlay';
import type { Copy, Quarantined, Snapshot } from '../sync/types';
import type { Begun, PhotoRow, StoredOp, UserStore } from '../storage/user';
import type { PhotoView, ReportView } from './types';

export type Parts = { copy: Copy | null; begun: Begun | null; ops: StoredOp[]; photos: PhotoRow[]; dismissed: string[] };
export type Reader = { id: string; district: string | null };

export async function partsOf(store: UserStore, id: string): Promise<Parts> {
  const [copy, begun, ops, photos, dismissed] = await Promise.all([
    store.copy(id),
    store.begun(id),
    store.opsOf(id),
    store.photosOf(id),
    store.dismissed(id)
  ]);
  return { copy, begun, ops, photos, dismissed };
}

/** Build the view of a report; null where nothing of it is to be seen on this phone. */
export function viewOf(id: string, parts: Parts, reader: Reader): ReportView | null {
  const { copy, ops } = parts;
  const shown = ops.filter((op) => isOverlaid(op, copy));
  const base = copy?.snapshot ?? beginning(id, parts, shown, reader);
  if (!base) return null;
  const onlyHere = ops.filter((op) => op.state === 'pending' || op.state === 'stuck');
  const photos = photosOf(parts);
  const again = new Set(shown.filter(isGivenBack).map((op) => op.op));
  const snapshot = overlay(base, shown.map((op) => op.payload), null, again);
  const quarantined = quarantinedOf(parts);
  const view = {
    id,
    snapshot,
    server: copy?.snapshot ?? null,
    holds: copy?.holds ?? [],
    photos,
    quarantined,
    late: undecided(snapshot, quarantined),
    unlisted: copy ? copy.kept - copy.quarantined.length : 0,
    flags: copy?.flags ?? [],
    dismissed: parts.dismissed,
    pending: onlyHere.length,
    pendingPhotos: photos.filter((photo) => photo.onPhone && !photo.onServer).length,
    lastSaved: lastSaved(snapshot, parts)
  };
  return { ...view, state: stateOf(view, reader) };
}

/**
 * Whether an own op is laid over the snapshot: until a snapshot that contains it has come. An acknowledged op stays
 * for that time too, else its words would vanish between the receipt and the next pull.
 */
function isOverlaid(op: StoredOp, copy: Copy | null): boolean {
  // One that is given back after a restore keeps its refusal until the server has judged it anew.
  if (op.state === 'pending' && op.verdict !== 'quarantined') return true;
  if (op.state === 'stuck') return true;
  if (op.state === 'refused' || op.state === 'pending') return MENDS_ITSELF.has(op.reason ?? '');
  return !covers(copy, op);
}

/** Whether the server had applied it once, and is given it again because it may have forgotten it. */
function isGivenBack(op: StoredOp): boolean {
  return (op.state === 'pending' || op.state === 'stuck') && op.verdict !== null && op.verdict !== 'quarantined';
}

/** Whether the snapshot at hand was made after the server judged the op. */
export function covers(copy: Copy | null, op: { seq: number | null }): boolean {
  return (op.seq ?? 0) <= (copy?.seq ?? -1);
}

function beginning(id: string, parts: Parts, shown: StoredOp[], reader: Reader): Snapshot | null {
  const first = shown[0]?.payload;
  const form = first?.form ?? parts.begun?.form;
  return form ? empty(id, form, first?.actor ?? reader.id, reader.district) : null;
}

function photosOf({ copy, photos }: Parts): PhotoView[] {
  const here = new Map(photos.map((photo) => [photo.photo, photo]));
  const there = new Map((copy?.photos ?? []).map((photo) => [photo.photo, photo]));
  return [...new Set([...there.keys(), ...here.keys()])].map((photo) => {
    const own = here.get(photo);
    const stored = there.get(photo);
    // Only the hash that the server recomputed says that this very photo is there.
    const onServer = own ? own.state === 'done' || stored?.sha256 === own.sha256 : true;
    const size = own?.size ?? stored?.size ?? 0;
    return {
      photo,
      sha256: own?.sha256 ?? stored?.sha256 ?? '',
      size,
      onPhone: own !== undefined,
      onServer,
      offset: onServer ? size : (own?.offset ?? 0)
    };
  });
}

function quarantinedOf({ copy, ops, photos }: Parts): Quarantined[] {
  const mine = new Map(ops.map((op) => [op.sha256, op]));
  const listed = (copy?.quarantined ?? []).map((each) => {
    // What the server could not read, or had no room for in the copy, this phone has where it wrote it.
    const own = each.kind === null || each.edits === null ? mine.get(each.sha256) : undefined;
    return own ? { ...keptHere(own), op: each.op, received: each.received } : each;
  });
  // By an earlier version of this app without the hash; one that bears another's id has a hash of its own.
  const known = new Set(listed.flatMap((each) => (each.reason === 'op_id_reused' ? [each.sha256] : [each.sha256, each.op])));
  // A copy may not list what was refused: without this nobody would see that it was not accepted.
  const own = ops.filter((op) => op.state === 'stuck' || (op.state === 'refused' && (copy || !covers(copy, op))));
  const added = own.filter((op) => !known.has(op.sha256) && !known.has(op.op)).map(keptHere);
  return [...listed, ...added, ...photos.filter((photo) => photo.state === 'stuck').map((photo) => unsentPhoto(photo, ops))];
}

function keptHere(op: StoredOp): Quarantined {
  return {
    op: op.op,
    sha256: op.sha256,
    kind: op.kind,
    actor: op.payload.actor,
    device: op.device,
    reason: op.reason ?? 'refused',
    received: op.state === 'refused' ? op.settledAt : null,
    not_before: null,
    wall: op.payload.time.wall,
    edits: op.payload.edits
  };
}

/** A photo that the server does not take, told like an op: by the op that added it. */
function unsentPhoto(photo: PhotoRow, ops: StoredOp[]): Quarantined {
  const made = ops.find((op) => op.payload.edits.some((edit) => edit.entity === photo.photo));
  return {
    // An id of its own, because the op itself may be listed too.
    op: photo.photo,
    sha256: photo.photo,
    kind: 'edit',
    actor: made?.payload.actor ?? null,
    device: made?.device ?? null,
    reason: photo.reason ?? 'refused',
    received: null,
    not_before: null,
    wall: made?.payload.time.wall ?? photo.at,
    edits: []
  };
}

type Unjudged = Omit<ReportView, 'state'>;

function stateOf(view: Unjudged, reader: Reader): ReportView['state'] {
  if (view.quarantined.some((each) => needs(reader, each, view.snapshot))) return 'needs_you';
  if (view.pending > 0 || view.pendingPhotos > 0) return 'phone';
  const state = view.snapshot.state;
  if (state === 'returned' || standingApart(view.snapshot).length > 0) return 'needs_you';
  return state === 'submitted' || state === 'approved' ? 'desk' : 'server';
}

/** Whether a kept op asks something of this reader: it is their own, and nobody and nothing has settled it. */
function needs(reader: Reader, each: Quarantined, snapshot: Snapshot): boolean {
  // What the server has not received is on this phone alone, whoever is named in it.
  const own = each.actor === reader.id || each.received === null;
  return own && !MENDS_ITSELF.has(each.reason) && !isPassed(snapshot, each) && !decision(snapshot, each);
}

function lastSaved(snapshot: Snapshot, { ops, begun }: Parts): string {
  const own = ops.at(-1)?.at ?? begun?.at ?? '';
  let newest = own;
  for (const fields of Object.values(snapshot.fields)) {
    for (const versions of Object.values(fields)) {
      for (const version of versions) if (version.wall > newest) newest = version.wall;
    }
  }
  return newest;
}
