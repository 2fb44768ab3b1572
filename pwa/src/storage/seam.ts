/**
 * The one seam through which everything written to this phone passes, and everything read from it.
 *
 * Rows hold their keys and counts in the clear and everything else as `Sealed`. Whoever encrypts the store changes
 * `seal` and `open` (and `sealBytes`, `openBytes` for photos) and nothing else; that is why they are asynchronous
 * and why no row is written in any other way.
 */
export type Sealed = { readonly v: 0; readonly plain: unknown };
export type SealedBytes = { readonly v: 0; readonly plain: ArrayBuffer };

export function seal(value: unknown): Promise<Sealed> {
  return Promise.resolve({ v: 0, plain: value });
}

export function open<T>(sealed: Sealed): Promise<T> {
  return Promise.resolve(sealed.plain as T);
}

export function sealBytes(bytes: ArrayBuffer): Promise<SealedBytes> {
  return Promise.resolve({ v: 0, plain: bytes });
}

export function openBytes(sealed: SealedBytes): Promise<ArrayBuffer> {
  return Promise.resolve(sealed.plain);
}
