/** A photo as the desk shows it: its bytes, hashed in this browser and compared with what its officer signed. */
import { readPhoto } from './read';

export type Shown = {
  url: string;
  bytes: number;
  type: string;
  sha256: string;
  /** Whether the bytes have the hash that the phone signed on capture. */
  equal: boolean;
};

export async function sha256Hex(bytes: ArrayBuffer): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Fetch, hash and compare. The caller gives the URL back with `URL.revokeObjectURL`. Raises ApiProblem. */
export async function showPhoto(report: string, photo: string, signed: string): Promise<Shown> {
  const blob = await readPhoto(report, photo);
  const sha256 = await sha256Hex(await blob.arrayBuffer());
  return {
    url: URL.createObjectURL(blob),
    bytes: blob.size,
    type: blob.type,
    sha256,
    equal: sha256 === signed
  };
}

export function sizeWords(bytes: number | null | undefined): string {
  if (!bytes) return '';
  return bytes < 1_000_000
    ? `${Math.max(1, Math.round(bytes / 1000))} KB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

const ENDINGS: Record<string, string> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/heic': 'heic',
  'image/heif': 'heif'
};

/** A file name that says nothing of the content and can be matched with the report's own list. */
export function fileName(sha256: string, type: string): string {
  return `photo-${sha256.slice(0, 12)}.${ENDINGS[type] ?? 'bin'}`;
}
