/** A server in memory that keeps the contract of push, pull, sessions, devices and uploads, and fails on request. */
import { createHash } from 'node:crypto';
import { overlay, empty } from '../src/sync/overlay';
import { uuid7 } from '../src/sync/op';
import type { Contact, Copy, Edit, OpPayload, Receipt } from '../src/sync/types';
import { Past } from './feed';

export type Answerer = (request: Request, body: unknown) => Response | null | Promise<Response | null>;

export const OFFICER = {
  id: '01890000-0000-7000-8000-000000000001',
  username: 'officer',
  display_name: 'Officer One',
  star: '12345',
  district: '010',
  role: 'officer' as const,
  grants: [],
  active: true,
  must_change_password: false
};

export const FIRST_DEVICE = '01890000-0000-7000-8000-0000000000d1';
export const SECOND_DEVICE = '01890000-0000-7000-8000-0000000000d2';
export const SECOND = { ...OFFICER, id: '01890000-0000-7000-8000-000000000002', username: 'second', display_name: 'Officer Two', star: '54321' };

type Upload = { photo: string; report: string; sha256: string; size: number; type: string; bytes: Buffer };
type Sent = { method: string; path: string; token: string | null; etag: string | null; body: unknown };
type Stored = { sha256: string; payload: OpPayload; receipt: Receipt };

/** Reasons for which the server knows no op, so that no report lists it. */
const UNREAD = new Set(['malformed', 'newer_op_format', 'unknown_kind', 'field_twice', 'op_id_reused']);

const hex = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

export class Server {
  requests: Sent[] = [];
  stored = new Map<string, Stored>();
  uploads = new Map<string, Upload>();
  seq = 0;
  epoch = 'a';
  down = false;
  sessionEnded = false;
  /** Whose refresh cookie the browser holds. */
  cookie = OFFICER;
  maxOps = Infinity;
  refuse = new Map<string, string>();
  /** Answers before the server does; null lets the server answer. */
  before: Answerer = () => null;
  seqOf = new Map<string, number>();
  left = new Set<string>();
  contacts: Contact[] = [];
  /** What the server works out beside the heads: open questions, settlements, remarks. */
  dress: (copy: Copy) => Copy = (copy) => copy;
  #past = new Past();

  install(): void {
    globalThis.fetch = (input, init) => this.#fetch(new Request(input, init));
  }

  async #fetch(request: Request): Promise<Response> {
    if (this.down) throw new TypeError('fetch failed');
    const path = request.url.replace('http://holdfast.test', '');
    const isBytes = request.headers.get('Content-Type') === 'application/offset+octet-stream';
    const raw = Buffer.from(await request.arrayBuffer());
    const body: unknown = isBytes ? raw : raw.length ? JSON.parse(raw.toString()) : null;
    const token = request.headers.get('Authorization')?.slice(7) ?? null;
    this.requests.push({ method: request.method, path, token, etag: request.headers.get('If-None-Match'), body });
    const early = await this.before(request, body);
    return early ?? this.#answer(request, path, body, token);
  }

  #answer(request: Request, path: string, body: unknown, token: string | null): Response {
    if (path === '/api/session') {
      const named = (body as { username?: string } | null)?.username;
      if (named) this.cookie = named === SECOND.username ? SECOND : OFFICER;
      return this.#session();
    }
    if (path === '/api/session/refresh') return this.sessionEnded ? problem(401, 'login_required') : this.#session();
    if (path === '/api/devices') return json({ id: token === 'session' ? FIRST_DEVICE : SECOND_DEVICE, name: 'x' }, 201);
    if (path === '/api/devices/token') return json({ access_token: 'upload', expires_in: 900, revoked: false });
    const reads = /^\/api\/(pull|catalog|contacts|reports)/.test(path);
    if (!token || (token === 'session' && this.sessionEnded) || (token === 'upload' && reads)) {
      return problem(token === 'upload' ? 403 : 401, token === 'upload' ? 'forbidden' : 'login_required');
    }
    if (path === '/api/push') return this.#push((body as { ops: string[] }).ops);
    const reader = token === 'session' ? OFFICER.id : SECOND.id;
    if (path.startsWith('/api/pull')) return this.#pull(request, reader);
    if (path.startsWith('/api/reports/')) return this.#report(path.split('/')[3] ?? '', reader);
    if (path === '/api/contacts') return json({ contacts: this.contacts });
    if (path === '/api/catalog') return json({ version: '1', forms: [], districts: [], hold: { days: 90 } });
    if (path.startsWith('/api/uploads')) return this.#upload(request, path, body as Buffer);
    return problem(404, 'not_found');
  }

  #session(): Response {
    const token = this.cookie === OFFICER ? 'session' : 'session-second';
    return json({ access_token: token, expires_in: 900, user: this.cookie });
  }

  #push(tokens: string[]): Response {
    if (tokens.length > this.maxOps) return problem(413, 'too_large');
    this.seq += 1;
    const receipts = tokens.map((jws) => this.#take(jws));
    this.#note();
    return json({ receipts, statement: 's', beacon: hex(`beacon ${this.seq}`) });
  }

  /** An op of another device, on the server already; its id. */
  write(report: string, edits: Edit[], changes: Partial<OpPayload> = {}): string {
    this.seq += 1;
    const op = uuid7();
    const time = { wall: new Date().toISOString(), utc_offset: 0, beacon: null };
    const form = { id: 'incident', version: 1 };
    const made = { v: 1 as const, op, device: 'another', n: 1, prev: null, actor: SECOND.id, kind: 'edit' as const, time };
    const payload: OpPayload = { ...made, report, edits, form, ...changes };
    const receipt: Receipt = { op, sha256: hex(op), seq: this.seq, verdict: 'applied', reason: null };
    this.stored.set(op, { sha256: receipt.sha256, payload, receipt });
    this.seqOf.set(report, this.seq);
    this.#note();
    return op;
  }

  #take(jws: string): Receipt {
    const payload = JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()) as OpPayload;
    const known = this.stored.get(payload.op);
    if (known) return known.receipt;
    const reason = this.refuse.get(payload.op) ?? null;
    const verdict = reason ? 'quarantined' : 'applied';
    const unread = UNREAD.has(reason ?? '');
    const receipt: Receipt = { op: unread ? null : payload.op, sha256: hex(jws), seq: this.seq, verdict, reason };
    this.stored.set(payload.op, { sha256: receipt.sha256, payload, receipt });
    this.seqOf.set(payload.report, this.seq);
    return receipt;
  }

  #pull(request: Request, reader: string): Response {
    const cursor = new URL(request.url).searchParams.get('cursor');
    const [epoch, since] = (cursor ?? `${this.epoch}:0`).split(':');
    const reset = cursor === null || epoch !== this.epoch;
    const from = reset ? 0 : Number(since);
    this.#note();
    const changed = [...this.seqOf]
      .filter(([report, seq]) => seq > from && this.#sees(reader, report))
      .flatMap(([report, seq]) => (reset ? [this.copy(report, seq)] : this.#past.since(report, from)));
    const body = {
      changes: changed,
      left: reset ? [] : [...this.left],
      people: {},
      devices: {},
      cursor: `${this.epoch}:${this.seq}`,
      more: false,
      reset,
      beacon: null
    };
    const etag = `"${hex(JSON.stringify(body))}"`;
    if (request.headers.get('If-None-Match') === etag) return new Response(null, { status: 304, headers: { ETag: etag } });
    return json(body, 200, { ETag: etag });
  }

  #report(report: string, reader: string): Response {
    const seq = this.seqOf.get(report);
    return seq && this.#sees(reader, report) ? json(this.copy(report, seq)) : problem(404, 'not_found');
  }

  #sees(reader: string, report: string): boolean {
    return !this.left.has(report) && this.authorOf(report) === reader;
  }

  /** Remember how every report stands, so that its next change can be told. */
  #note(): void {
    for (const [report, seq] of this.seqOf) this.#past.note(this.copy(report, seq));
  }

  /** Begin anew from an old backup: what came after is forgotten. */
  restore(epoch: string): void {
    this.stored.clear();
    this.seqOf.clear();
    this.#past.forget();
    this.epoch = epoch;
    this.seq = 0;
  }

  authorOf(report: string): string {
    return [...this.stored.values()].find((each) => each.payload.report === report)?.payload.actor ?? OFFICER.id;
  }

  copy(report: string, seq: number): Copy {
    const ops = [...this.stored.values()].filter((each) => each.payload.report === report);
    const applied = ops.filter((each) => each.receipt.verdict !== 'quarantined').map((each) => each.payload);
    const base = empty(report, { id: 'incident', version: 1 }, this.authorOf(report), OFFICER.district);
    const refused = ops.filter((each) => each.receipt.verdict === 'quarantined' && each.receipt.op !== null);
    return this.dress({
      report,
      seq,
      snapshot: overlay(base, applied, '2026-11-23T21:00:00+00:00'),
      holds: [],
      photos: [...this.uploads.values()]
        .filter((each) => each.report === report && each.bytes.length === each.size && hex(each.bytes) === each.sha256)
        .map(({ photo, sha256, size, type }) => ({ photo, sha256, size, type, received: '2026-11-23T21:00:00+00:00' })),
      quarantined: refused.map(({ payload, receipt }) => ({
        op: payload.op,
        sha256: receipt.sha256,
        kind: payload.kind,
        actor: payload.actor,
        device: payload.device,
        reason: receipt.reason ?? '',
        received: '2026-11-23T21:00:00+00:00',
        not_before: null,
        wall: payload.time.wall,
        edits: payload.edits
      })),
      kept: refused.length,
      flags: []
    });
  }

  #upload(request: Request, path: string, body: Buffer): Response {
    const id = path.split('/')[3];
    if (!id) return this.#announce(request);
    const upload = this.uploads.get(id);
    if (!upload) return problem(404, 'not_found');
    if (request.method === 'PATCH') {
      if (Number(request.headers.get('Upload-Offset')) !== upload.bytes.length) return problem(409, 'offset_mismatch');
      upload.bytes = Buffer.concat([upload.bytes, body]);
    }
    const whole = upload.bytes.length === upload.size;
    if (whole && hex(upload.bytes) !== upload.sha256) {
      upload.bytes = Buffer.alloc(0);
      return problem(460, 'checksum_mismatch');
    }
    if (whole && request.method === 'PATCH') this.seqOf.set(upload.report, ++this.seq);
    const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Offset': String(upload.bytes.length) };
    const hash: Record<string, string> = whole ? { 'Holdfast-Sha256': hex(upload.bytes) } : {};
    return new Response(null, { status: request.method === 'HEAD' ? 200 : 204, headers: { ...headers, ...hash } });
  }

  #announce(request: Request): Response {
    const pairs = (request.headers.get('Upload-Metadata') ?? '').split(',').map((each) => each.split(' '));
    const named = Object.fromEntries(pairs.map(([key, value]) => [key, atob(value ?? '')])) as Record<string, string>;
    const id = `u${this.uploads.size + 1}`;
    const size = Number(request.headers.get('Upload-Length'));
    this.uploads.set(id, { ...(named as unknown as Upload), size, bytes: Buffer.alloc(0) });
    return new Response(null, { status: 201, headers: { Location: `/api/uploads/${id}`, 'Tus-Resumable': '1.0.0' } });
  }

  pushes(): OpPayload[][] {
    return this.requests
      .filter((each) => each.path === '/api/push')
      .map((each) => (each.body as { ops: string[] }).ops.map(decode));
  }
}

export function decode(jws: string): OpPayload {
  return JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()) as OpPayload;
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } });
}

export function problem(status: number, code: string, headers: Record<string, string> = {}): Response {
  const body = JSON.stringify({ type: 't', title: code, status, detail: code, code, retry: 'backoff' });
  return new Response(body, { status, headers: { 'Content-Type': 'application/problem+json', ...headers } });
}

export function portal(): Response {
  const page = '<html><body>Accept the terms of this network</body></html>';
  return new Response(page, { status: 200, headers: { 'Content-Type': 'text/html' } });
}
