/** A tus 1.0.0 client, as small as this server needs it: creation, HEAD, PATCH, and the hash at the end. */
import { ApiProblem, STRANGER } from '../api/problem';
import { notOurs, reached, sendAs, type Bearer } from '../api/request';

export const CHUNK = 1_048_576;
const CHUNK_TIMEOUT = 120_000;
const TUS = { 'Tus-Resumable': '1.0.0' };

/** How far the server is; `sha256` only where it hashed what it stored. */
export type Progress = { offset: number; sha256: string | null };

export type Announcement = { photo: string; report: string; sha256: string; type: string; size: number };

/** Announce an upload; return its path on this server. */
export async function create(bearer: Bearer, about: Announcement): Promise<string> {
  const { size, ...named } = about;
  const metadata = Object.entries(named).map(([key, value]) => `${key} ${btoa(value)}`);
  const headers = { ...TUS, 'Upload-Length': String(size), 'Upload-Metadata': metadata.join(',') };
  const response = await sendAs(bearer, '/api/uploads', { method: 'POST', headers });
  const url = new URL(response.headers.get('Location') ?? '', location.origin);
  // A portal's or proxy's answer must not make us send a photo elsewhere.
  const ours = response.status === 201 && url.origin === location.origin && url.pathname.startsWith('/api/uploads/');
  if (!ours) throw notOurs(response);
  reached();
  return url.pathname;
}

export async function head(bearer: Bearer, path: string): Promise<Progress> {
  return progress(await sendAs(bearer, path, { method: 'HEAD', headers: TUS }));
}

/** Send the bytes from `offset` on, one part. */
export async function patch(bearer: Bearer, path: string, offset: number, part: ArrayBuffer): Promise<Progress> {
  const headers = { ...TUS, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(offset) };
  return progress(await sendAs(bearer, path, { method: 'PATCH', headers, body: part, timeout: CHUNK_TIMEOUT }));
}

function progress(response: Response): Progress {
  const offset = Number(response.headers.get('Upload-Offset') ?? 'none');
  if (!response.headers.get('Tus-Resumable') || !Number.isSafeInteger(offset)) throw notOurs(response);
  reached();
  return { offset, sha256: response.headers.get('Holdfast-Sha256') };
}

/** Whether an upload is no more, so that it must be announced again. */
export function isGone(failed: unknown): boolean {
  return failed instanceof ApiProblem && failed.code !== STRANGER && [404, 410].includes(failed.status);
}

export function isStatus(failed: unknown, status: number): boolean {
  return failed instanceof ApiProblem && failed.code !== STRANGER && failed.status === status;
}
