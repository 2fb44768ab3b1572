/** Compact JWS (RFC 7515), ES256, by the browser's own cryptography: what it signs, any JOSE library can check. */

/** Sign a payload, given as text, under a header. The key may be one that cannot leave the browser. */
export async function signJws(key: CryptoKey, header: Record<string, string>, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const input = `${base64url(encoder.encode(JSON.stringify(header)))}.${base64url(encoder.encode(text))}`;
  // Web Cryptography gives the two numbers of the signature beside each other, as RFC 7518 §3.4 wants them.
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, encoder.encode(input));
  return `${input}.${base64url(new Uint8Array(signature))}`;
}

function base64url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}
