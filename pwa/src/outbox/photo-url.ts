/** Where a photo can be shown from: this phone's own bytes, else the server's. */
import { ApiProblem } from '../api/problem';
import { sendAs } from '../api/request';
import { currentUser, readingBearer, session } from '../session';
import { storeOf } from './here';

/** Only what a browser shows as a picture; anything else would run as a page of ours when opened by its address. */
const PICTURES = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/heic', 'image/heif']);
const DOWNLOAD_TIMEOUT = 120_000;

const urls = new Map<string, Promise<string | null>>();

session.subscribe(({ user }) => {
  if (user) return;
  for (const made of urls.values()) void made.then((url) => url && URL.revokeObjectURL(url));
  urls.clear();
});

/** An object URL, made once and good until sign-out; null where the photo is neither here nor to be had now. */
export function photoUrl(report: string, photo: string): Promise<string | null> {
  const key = `${currentUser()?.id ?? ''} ${photo}`;
  const known = urls.get(key);
  if (known) return known;
  const made = make(report, photo);
  urls.set(key, made);
  // A failure is not remembered: the network may be back at the next look.
  void made.then(
    (url) => url ?? urls.delete(key),
    () => urls.delete(key)
  );
  return made;
}

async function make(report: string, photo: string): Promise<string | null> {
  const user = currentUser();
  if (!user) return null;
  const store = storeOf(user.id);
  const bytes = await store.bytes(photo);
  const row = await store.db.photos.get(photo);
  if (bytes && row) return urlOf(new Blob([bytes], { type: safeType(row.type) }));
  const path = `/api/reports/${encodeURIComponent(report)}/photos/${encodeURIComponent(photo)}`;
  try {
    const blob = await (await sendAs(readingBearer(user.id), path, { timeout: DOWNLOAD_TIMEOUT })).blob();
    return PICTURES.has(blob.type) ? urlOf(blob) : null;
  } catch (failed) {
    if (failed instanceof ApiProblem) return null;
    throw failed;
  }
}

export function safeType(type: string): string {
  return PICTURES.has(type) ? type : 'application/octet-stream';
}

function urlOf(blob: Blob): string {
  return URL.createObjectURL(blob);
}
