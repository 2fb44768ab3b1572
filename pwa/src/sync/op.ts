/** The op: how its id, payload and hash are made. The signature around it is put on by outbox/sign.ts. */
import type { Edit, FormRef, OpKind, OpPayload } from './types';

/** A UUIDv7 (RFC 9562 §5.7): ids made later on one device sort later, within one millisecond too. */
export function uuid7(now: number = Date.now()): string {
  const time = now > lastTime ? now : lastTime;
  counter = time === lastTime ? counter + 1 : random12() >> 1;
  lastTime = time;
  if (counter > 0xfff) {
    lastTime = time + 1;
    counter = 0;
  }
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let place = 0; place < 6; place++) bytes[place] = Math.floor(lastTime / 2 ** (40 - 8 * place)) & 0xff;
  bytes[6] = 0x70 | (counter >> 8);
  bytes[7] = counter & 0xff;
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

let lastTime = 0;
let counter = 0;

function random12(): number {
  const [a = 0, b = 0] = crypto.getRandomValues(new Uint8Array(2));
  return ((a << 8) | b) & 0xfff;
}

export type Draft = {
  op: string;
  device: string;
  n: number;
  prev: string | null;
  actor: string;
  report: string;
  kind: OpKind;
  edits: Edit[];
  form: FormRef;
  reason?: string | undefined;
  /** Whether the report begins with this op: only its author's device says so, and what others wrote waits for it. */
  begins?: boolean | undefined;
  beacon: string | null;
  /** When it was made, by this device's clock, and its offset from UTC in minutes. They decide nothing. */
  at: Date;
  offset: number;
};

/** Build the payload of an op. Both sides run tests/vectors/op.json. */
export function payload(draft: Draft): OpPayload {
  return {
    v: 1,
    op: draft.op,
    device: draft.device,
    n: draft.n,
    prev: draft.prev,
    actor: draft.actor,
    report: draft.report,
    kind: draft.kind,
    edits: draft.edits.map(({ entity, field, base, value }) => ({ entity, field, base, value: value ?? null })),
    form: { id: draft.form.id, version: draft.form.version },
    ...(draft.reason === undefined ? {} : { reason: draft.reason }),
    ...(draft.begins === undefined ? {} : { begins: draft.begins }),
    time: { wall: draft.at.toISOString(), utc_offset: draft.offset, beacon: draft.beacon }
  };
}

/** Hexadecimal SHA-256 of text (as UTF-8) or bytes. */
export async function sha256(input: string | BufferSource): Promise<string> {
  const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input;
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
