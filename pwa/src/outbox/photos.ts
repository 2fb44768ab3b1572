/** Delivering photos: resumable, and on the server only when it names the hash of the bytes that we hold (P7). */
import { ApiProblem, NoToken, STRANGER } from '../api/problem';
import { serverNow } from '../api/request';
import type { PhotoRow } from '../storage/user';
import { changed } from './bus';
import type { Delivery } from './push';
import { CHUNK, create, head, isGone, isStatus, patch, type Announcement, type Progress } from './tus';

/** Codes that no second attempt with the same bytes will change. */
const FINAL = new Set(['photo_gone', 'bad_metadata', 'photo_differs', 'too_large', 'photo_type']);
/** Answers to an announcement that stay the same: not this user's report, nothing this user may add, too large. */
const LASTING = new Set([403, 404, 413]);
const RESTARTS = 3;

/** The server does not take this photo at all. */
class Refused extends ApiProblem {}

/** `between` runs before each part: what was saved meanwhile goes first. */
export type PhotoDelivery = Delivery & { between: () => Promise<void> };

/** Send every photo that is only here, the oldest first; return how many arrived. Raises the last ApiProblem. */
export async function sendPhotos(delivery: PhotoDelivery): Promise<number> {
  const rows = await delivery.store.db.photos.where({ state: 'pending' }).sortBy('at');
  let arrived = 0;
  let problem: ApiProblem | null = null;
  for (const [place, row] of rows.entries()) {
    delivery.step?.(`Sending photo ${place + 1} of ${rows.length}`);
    try {
      await sendPhoto(delivery, row);
      arrived += 1;
    } catch (failed) {
      if (!(failed instanceof ApiProblem) || isNobody(failed)) throw failed;
      // Kept, shown with its reason, and tried again at the next start of the app.
      if (failed instanceof Refused || FINAL.has(failed.code)) await note(delivery, row, { state: 'stuck', reason: failed.code });
      else problem = failed;
    }
  }
  if (problem) throw problem;
  return arrived;
}

/** What the next photo would meet too. */
function isNobody(failed: ApiProblem): boolean {
  return failed instanceof NoToken || failed.status === 0 || failed.status === 401 || failed.code === STRANGER;
}

async function sendPhoto(delivery: PhotoDelivery, row: PhotoRow): Promise<void> {
  const bytes = await delivery.store.bytes(row.photo);
  if (!bytes) throw new ApiProblem(400, 'photo_gone', 'This device no longer has the photo.', 'never');
  for (let restart = 0; restart < RESTARTS; restart++) {
    const { path, at } = await begin(delivery, row);
    const end = await sendFrom(delivery, row, path, at, bytes);
    if (end.sha256 === row.sha256) {
      const doneAt = new Date(serverNow() ?? Date.now()).toISOString();
      await note(delivery, row, { state: 'done', offset: row.size, reason: null, doneAt });
      return;
    }
  }
  throw new ApiProblem(460, 'checksum_mismatch', 'The photo did not arrive whole. It is sent again later.', 'backoff');
}

/** Take up the upload that was begun, or announce a new one. */
async function begin(delivery: PhotoDelivery, row: PhotoRow): Promise<{ path: string; at: Progress }> {
  const known = (await delivery.store.db.photos.get(row.photo))?.url;
  if (known) {
    try {
      return { path: known, at: await head(delivery.bearer, known) };
    } catch (failed) {
      if (isStatus(failed, 460)) return { path: known, at: { offset: 0, sha256: null } };
      if (!isGone(failed)) throw failed;
    }
  }
  const { photo, report, sha256, type, size } = row;
  const path = await announce(delivery, { photo, report, sha256, type, size });
  // Kept before the first byte goes out: a killed app goes on where it was.
  await note(delivery, row, { url: path, offset: 0 });
  return { path, at: await head(delivery.bearer, path) };
}

async function announce({ bearer }: PhotoDelivery, about: Announcement): Promise<string> {
  try {
    return await create(bearer, about);
  } catch (failed) {
    const isAnswer = failed instanceof ApiProblem && !(failed instanceof NoToken) && failed.code !== STRANGER;
    if (!isAnswer || !LASTING.has(failed.status)) throw failed;
    throw new Refused(failed.status, failed.code, failed.detail, 'never');
  }
}

async function sendFrom(
  delivery: PhotoDelivery,
  row: PhotoRow,
  path: string,
  from: Progress,
  bytes: ArrayBuffer
): Promise<Progress> {
  let at = from;
  let mismatches = 0;
  while (at.offset < bytes.byteLength) {
    await delivery.between();
    try {
      at = await patch(delivery.bearer, path, at.offset, bytes.slice(at.offset, at.offset + CHUNK));
      await delivery.contact?.();
    } catch (failed) {
      // The bytes that arrived are not ours: the server kept none of them, and we begin again.
      if (isStatus(failed, 460)) return { offset: 0, sha256: null };
      if (!isStatus(failed, 409) || ++mismatches > RESTARTS) throw failed;
      at = await head(delivery.bearer, path);
    }
    await note(delivery, row, { offset: at.offset });
  }
  return at.sha256 === null ? head(delivery.bearer, path) : at;
}

async function note({ store }: PhotoDelivery, row: PhotoRow, changes: Partial<PhotoRow>): Promise<void> {
  await store.db.photos.update(row.photo, changes);
  changed({ user: store.user, reports: [row.report] });
}
