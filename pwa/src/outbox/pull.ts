/** Following the feed: changed reports in, left ones out, and the cursor on in the same transaction (P4). */
import { ApiProblem, OFFLINE, STRANGER } from '../api/problem';
import { json, reached, sendAs, serverNow, TIMEOUT, type Bearer } from '../api/request';
import { currentUser, deviceOf } from '../session';
import { seal } from '../storage/seam';
import { noticesKey, type OpRow, type PhotoRow, type UserStore } from '../storage/user';
import { isPatch, patched, whole } from '../sync/copy';
import type { Change, Copy, DeviceName, Person, PullAnswer } from '../sync/types';
import { changed } from './bus';
import { isLost } from './trouble';
import { covers } from './view';

const PAGE = 200;
const KEPT_DAYS = 30;
/** A single report cannot be asked for in parts: a slow network is given longer for it. */
const ALONE = 2 * TIMEOUT;
/** Refusals that the server takes back by itself, or when its operator has it judge again. */
const RUN_AGAIN = new Set(['waiting_for_base', 'waiting_for_report', 'unknown_entity', 'unknown_form', 'rule_failed', 'revoked_device']);

/** How many reports a page may bring: fewer after one that never came through, more again while they do. */
let most = PAGE;
/** So many pages come through before a larger one is tried: what was too much for one page is for the next, mostly. */
const TRIED = 4;
let through = 0;

/** That nothing followed on a cursor, and the ETag of that answer: asked again, the server may say "nothing new". */
type Mark = { cursor: string; etag: string };

type Page = PullAnswer & { mark: Mark | null };

/**
 * Pull until there is no more, or until the store's user is gone: what comes then is no longer theirs to keep.
 * Return whether ops must be delivered again. Raises ApiProblem.
 */
export async function pull(store: UserStore, bearer: Bearer, contact: () => Promise<void>): Promise<boolean> {
  for (let again = false; ; ) {
    const cursor = await store.meta<string>('cursor');
    const page = await nextPage(store, bearer, cursor);
    if (currentUser()?.id !== store.user) return again;
    await contact();
    if (!page) return again;
    const taken = await copiesOf(store, bearer, page);
    // Fetching single reports took its time.
    if (currentUser()?.id !== store.user) return again;
    if (page.reset) again = (await startAnew(store)) || again;
    const lost = await apply(store, page, taken);
    again ||= lost === true;
    if (lost !== null && !page.more) return again;
  }
}

/** Ask for what follows the cursor; null where the server says that nothing does. */
async function nextPage(store: UserStore, bearer: Bearer, cursor: string | null): Promise<Page | null> {
  const mark = await store.meta<Mark>('pull-mark');
  const missing = (await store.meta<string[]>('missing-copies')) ?? [];
  const etag = cursor !== null && mark?.cursor === cursor && missing.length === 0 ? mark.etag : null;
  const query = new URLSearchParams({
    limit: String(most),
    ...(cursor ? { cursor } : {}),
    ...(await contactReport(store))
  });
  const page = await ask(bearer, `/api/pull?${query.toString()}`, etag);
  through += 1;
  if (!page?.more || through >= TRIED) grow();
  // Kept only where the page changed nothing, so that a page that could not be put on the disk is asked for again.
  return page && { ...page, mark: page.etag && page.cursor === cursor ? { cursor, etag: page.etag } : null };
}

async function ask(bearer: Bearer, path: string, etag: string | null): Promise<(PullAnswer & { etag: string | null }) | null> {
  let answered = false;
  try {
    const headers = etag ? { headers: { 'If-None-Match': etag } } : {};
    const response = await sendAs(bearer, path, { ...headers, timeout: most === 1 ? ALONE : TIMEOUT });
    answered = true;
    if (response.status === 304 && etag) {
      reached();
      return null;
    }
    const page = await json<PullAnswer>(response, (found) => Array.isArray(found.changes) && typeof found.cursor === 'string');
    return { ...page, etag: response.headers.get('ETag') };
  } catch (failed) {
    const isCut = answered && failed instanceof ApiProblem && failed.code === OFFLINE;
    if (isCut || (failed instanceof ApiProblem && isLost(failed))) shrink();
    throw failed;
  }
}

function grow(): void {
  most = Math.min(PAGE, most * 2);
  through = 0;
}

function shrink(): void {
  most = Math.max(1, Math.floor(most / 2));
  through = 0;
}

/** How many ops of this device the server has not confirmed: the desk is told that more is to come. */
async function contactReport(store: UserStore): Promise<{ device?: string; unsent?: string }> {
  const device = (await deviceOf(store.user))?.id;
  return device ? { device, unsent: String(await store.unsent(device)) } : {};
}

/** What a page does to the copies on this phone: null for one to be removed, and those that could not be had now. */
type Taken = { copies: Map<string, Copy | null>; seqs: Map<string, number | null>; missing: string[] };

/**
 * Work out the copies that a page leads to. Where a patch does not follow on the copy at hand, the whole report is
 * fetched; one that the server cannot give now is asked for again at the next pull, and holds up no other (P8).
 */
async function copiesOf(store: UserStore, bearer: Bearer, page: Page): Promise<Taken> {
  const copies = new Map<string, Copy | null>();
  const seqs = new Map<string, number | null>();
  const wanted = new Set(page.reset ? [] : await store.meta<string[]>('missing-copies'));
  const left = new Set(page.left);
  for (const change of page.changes) {
    if (!seqs.has(change.report)) {
      const at = await store.copy(change.report);
      seqs.set(change.report, at?.seq ?? null);
      copies.set(change.report, at);
    }
    take(copies, wanted, change);
  }
  const missing: string[] = [];
  for (const report of wanted) {
    if (left.has(report)) continue;
    if (!seqs.has(report)) seqs.set(report, (await store.copy(report))?.seq ?? null);
    try {
      copies.set(report, await fetchCopy(bearer, report));
    } catch (failed) {
      if (!(failed instanceof ApiProblem) || !isOneReports(failed)) throw failed;
      copies.delete(report);
      missing.push(report);
    }
  }
  return { copies, seqs, missing };
}

function take(copies: Map<string, Copy | null>, wanted: Set<string>, change: Change): void {
  if (!isPatch(change)) {
    copies.set(change.report, whole(change));
    wanted.delete(change.report);
  } else if (!wanted.has(change.report)) {
    const next = patched(copies.get(change.report) ?? null, change);
    if (next) copies.set(change.report, next);
    else wanted.add(change.report);
  }
}

/** A report as the feed would serve it whole; null where it is out of this reader's sight. */
async function fetchCopy(bearer: Bearer, report: string): Promise<Copy | null> {
  try {
    const answer = await sendAs(bearer, `/api/reports/${encodeURIComponent(report)}`, { timeout: ALONE });
    return whole(await json<Copy>(answer, (found) => found.report === report && typeof found.seq === 'number'));
  } catch (failed) {
    if (failed instanceof ApiProblem && failed.status === 404 && failed.code !== STRANGER) return null;
    throw failed;
  }
}

/** Whether a failure concerns this report alone: the server is there and knows its reader. */
function isOneReports(failed: ApiProblem): boolean {
  return failed.status >= 500 && failed.code !== STRANGER;
}

/**
 * Another epoch or scope, or a first pull: every copy is doubtful until it comes again, and what the server had
 * acknowledged it may have forgotten, however short ago that was, so it is delivered again (P12). Nothing unsent is
 * touched. The doubt is on disk, because the pages that settle it may come in another life of the app.
 */
async function startAnew(store: UserStore): Promise<boolean> {
  const { db } = store;
  await store.setMeta('doubtful', await db.reports.toCollection().primaryKeys());
  const again = await db.transaction('rw', [db.ops, db.photos], async () => {
    const told = db.ops.where('state').anyOf('acked', 'refused');
    const ops = await told.modify({ state: 'pending', seq: null, settledAt: null });
    return ops + (await db.photos.where({ state: 'done' }).modify({ state: 'pending', doneAt: null }));
  });
  if (again > 0) changed({ user: store.user, reports: 'all' });
  return again > 0;
}

/** Put a page on the disk; return whether something must be delivered again, null where it must be asked for anew. */
async function apply(store: UserStore, page: Page, { copies, seqs, missing }: Taken): Promise<boolean | null> {
  const { db } = store;
  const doubtful = new Set(await store.meta<string[]>('doubtful'));
  for (const change of page.changes) doubtful.delete(change.report);
  const kept = [...copies.values()].filter((copy) => copy !== null);
  const dropped = [...copies].filter(([, copy]) => copy === null).map(([report]) => report);
  // Only with the last page is it known which copies did not come again.
  const gone = [...page.left, ...dropped, ...(page.more ? [] : doubtful)];
  const rows = await Promise.all(kept.map(async (copy) => ({ id: copy.report, seq: copy.seq, body: await seal(copy) })));
  const meta = await metaRows(store, page, {
    doubtful: page.more ? [...doubtful] : [],
    'missing-copies': missing,
    'pull-mark': page.mark
  });
  let lost = 0;
  const done = await db.transaction('rw', [db.reports, db.begun, db.ops, db.photos, db.meta], async () => {
    // Without Web Locks another tab may have pulled meanwhile: what was worked out here is then of the past.
    for (const [report, seq] of seqs) if (((await db.reports.get(report))?.seq ?? null) !== seq) return false;
    await db.reports.bulkPut(rows);
    await leave(store, gone);
    for (const copy of kept) lost += await settleBy(store, copy);
    await db.meta.bulkPut(meta);
    return true;
  });
  if (!done) return null;
  changed({ user: store.user, reports: [...kept.map((copy) => copy.report), ...gone], meta: true });
  return lost > 0;
}

type MetaRows = { key: string; body: Awaited<ReturnType<typeof seal>> }[];

async function metaRows(store: UserStore, page: PullAnswer, more: Record<string, unknown>): Promise<MetaRows> {
  const people = { ...(await store.meta<Record<string, Person>>('people')), ...page.people };
  const devices = { ...(await store.meta<Record<string, DeviceName>>('devices')), ...page.devices };
  const beacon = page.beacon ?? (await store.meta<string>('beacon'));
  const values = { cursor: page.cursor, people, devices, beacon, ...more };
  return Promise.all(Object.entries(values).map(async ([key, value]) => ({ key, body: await seal(value) })));
}

/** Remove the copies of reports that left the reader's scope. What is unsent stays until it is delivered. */
async function leave(store: UserStore, gone: string[]): Promise<void> {
  const { db } = store;
  await db.reports.bulkDelete(gone);
  await db.meta.bulkDelete(gone.map(noticesKey));
  for (const report of gone) {
    const ops = db.ops.where({ report });
    // Below every number, so that acknowledged ops are not laid over a report that is no longer this reader's.
    await ops.filter((op) => op.state === 'acked' || op.state === 'refused').modify({ seq: -1 });
    const unsent = await db.ops.where({ report }).filter((op) => op.state === 'pending' || op.state === 'stuck').count();
    if (unsent === 0) await db.begun.delete(report);
  }
}

/**
 * Take from a copy what the server says of this phone's own ops and photos; return how many must be sent again. Runs
 * inside the transaction.
 */
async function settleBy(store: UserStore, copy: Copy): Promise<number> {
  const { db } = store;
  const report = copy.report;
  const refused = new Map(copy.quarantined.map((each) => [each.sha256, each.reason]));
  const judged = (op: OpRow): boolean => (op.seq ?? Infinity) <= copy.seq;
  // The server ran it again, after a fix or when what it waited for had come. Of what it could not read, or took for
  // a second op of one id, a copy tells nothing: its absence there does not mean that it was applied. Nor does it
  // where a copy lists only some: then the op goes out once more, and its receipt tells.
  const isWhole = copy.kept <= copy.quarantined.length;
  const ended = await db.ops
    .where({ report })
    .filter((op) => op.state === 'refused' && RUN_AGAIN.has(op.reason ?? '') && judged(op) && !refused.has(op.sha256))
    .modify(isWhole ? { state: 'acked', verdict: 'applied', reason: null } : { state: 'pending', seq: null, settledAt: null });
  // What had waited may have been refused for good since: then its words no longer stand in view as if they did.
  await db.ops
    .where({ report })
    .filter((op) => op.state === 'refused' && refused.has(op.sha256) && op.reason !== refused.get(op.sha256))
    .modify((op) => void (op.reason = refused.get(op.sha256) ?? op.reason));
  const doneAt = new Date(serverNow() ?? Date.now()).toISOString();
  await db.photos
    .where({ report })
    .filter((own) => own.state !== 'done' && isListed(copy, own))
    .modify((own) => void Object.assign(own, { state: 'done', offset: own.size, reason: null, doneAt }));
  // The server lost the bytes, or cannot read them back: this phone has them, and sends them again.
  const lost = await db.photos
    .where({ report })
    .filter((own) => own.state === 'done' && !isListed(copy, own))
    .modify({ state: 'pending', offset: 0, reason: null, doneAt: null });
  return lost + (isWhole ? 0 : ended);
}

/** Whether the server says that it has this very photo: by the hash that it recomputed (P7). */
function isListed(copy: Copy | null, own: PhotoRow): boolean {
  return copy?.photos.some((each) => each.photo === own.photo && each.sha256 === own.sha256) ?? false;
}

/** Drop what the server has had for 30 days and shows in its snapshot; until then it can be given back (P12). */
export async function prune(store: UserStore, now: number | null = serverNow()): Promise<void> {
  // By the server's clock alone: one that was set ten years ahead for a minute must not drop what may be needed again.
  if (now === null) return;
  const { db } = store;
  const before = new Date(now - KEPT_DAYS * 86_400_000).toISOString();
  const old = await db.ops.where({ state: 'acked' }).filter((op) => (op.settledAt ?? '~') < before).toArray();
  for (const op of old) {
    if (op.seq === -1 || covers(await store.copy(op.report), op)) await db.ops.delete(op.op);
  }
  const ids: string[] = [];
  for (const photo of await db.photos.where({ state: 'done' }).filter((each) => (each.doneAt ?? '~') < before).toArray()) {
    if (isListed(await store.copy(photo.report), photo)) ids.push(photo.photo);
  }
  await db.transaction('rw', [db.photos, db.blobs], async () => {
    await db.photos.bulkDelete(ids);
    await db.blobs.bulkDelete(ids);
  });
}
