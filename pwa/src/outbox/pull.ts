/** Following the feed: changed reports in, left ones out, and the cursor on in the same transaction (P4). */
import { stranger } from '../api/problem';
import { json, sendAs, type Bearer } from '../api/request';
import { currentUser } from '../session';
import { seal } from '../storage/seam';
import type { OpRow, PhotoRow, UserStore } from '../storage/user';
import type { Catalog, DeviceName, Copy, Person, PullAnswer } from '../sync/types';
import { changed } from './bus';
import { covers } from './view';

const PAGE = 100;
const KEPT_DAYS = 30;
const CATALOG_AGE = 10 * 60_000;
/** Refusals that the server takes back by itself, or when its operator has it judge again. */
const RUN_AGAIN = new Set(['waiting_for_base', 'unknown_entity', 'unknown_form', 'rule_failed', 'revoked_device']);

/**
 * Pull until there is no more, or until the store's user is gone: what comes then is no longer theirs to keep.
 * Return whether ops must be delivered again. Raises ApiProblem.
 */
export async function pull(store: UserStore, bearer: Bearer, contact: () => Promise<void>): Promise<boolean> {
  for (let again = false; ; ) {
    const cursor = await store.meta<string>('cursor');
    const query = new URLSearchParams({ limit: String(PAGE), ...(cursor ? { cursor } : {}) });
    const page = await json<PullAnswer>(await sendAs(bearer, `/api/pull?${query.toString()}`));
    if (!Array.isArray(page.changes) || typeof page.cursor !== 'string') throw stranger(200);
    if (currentUser()?.id !== store.user) return again;
    await contact();
    if (page.reset) again = (await startAnew(store, cursor !== null)) || again;
    again = (await apply(store, page)) || again;
    if (!page.more) return again;
  }
}

/**
 * Another epoch or scope: every copy is doubtful until it comes again, and what the server had acknowledged it may
 * have forgotten, so it is delivered again (P12). Nothing unsent is touched. The doubt is on disk, because the pages
 * that settle it may come in another life of the app.
 */
async function startAnew(store: UserStore, hadCursor: boolean): Promise<boolean> {
  const { db } = store;
  await store.setMeta('doubtful', await db.reports.toCollection().primaryKeys());
  if (!hadCursor) return false;
  await db.transaction('rw', [db.ops, db.photos], async () => {
    await db.ops.where('state').anyOf('acked', 'refused').modify({ state: 'pending', seq: null, settledAt: null });
    await db.photos.where({ state: 'done' }).modify({ state: 'pending', doneAt: null });
  });
  changed({ user: store.user, reports: 'all' });
  return true;
}

/** Put a page on the disk; return whether something must be delivered again. */
async function apply(store: UserStore, page: PullAnswer): Promise<boolean> {
  const { db } = store;
  const doubtful = new Set(await store.meta<string[]>('doubtful'));
  for (const copy of page.changes) doubtful.delete(copy.report);
  // Only with the last page is it known which copies did not come again.
  const gone = [...page.left, ...(page.more ? [] : doubtful)];
  const rows = await Promise.all(
    page.changes.map(async (copy) => ({ id: copy.report, seq: copy.seq, body: await seal(copy) }))
  );
  const meta = await metaRows(store, page, page.more ? [...doubtful] : []);
  let lost = 0;
  await db.transaction('rw', [db.reports, db.begun, db.ops, db.photos, db.meta], async () => {
    await db.reports.bulkPut(rows);
    await leave(store, gone);
    for (const copy of page.changes) lost += await settleBy(store, copy);
    await db.meta.bulkPut(meta);
  });
  changed({ user: store.user, reports: [...page.changes.map((copy) => copy.report), ...gone], meta: true });
  return lost > 0;
}

async function metaRows(store: UserStore, page: PullAnswer, doubtful: string[]): Promise<{ key: string; body: Awaited<ReturnType<typeof seal>> }[]> {
  const people = { ...(await store.meta<Record<string, Person>>('people')), ...page.people };
  const devices = { ...(await store.meta<Record<string, DeviceName>>('devices')), ...page.devices };
  const beacon = page.beacon ?? (await store.meta<string>('beacon'));
  const values = { cursor: page.cursor, people, devices, beacon, doubtful };
  return Promise.all(Object.entries(values).map(async ([key, value]) => ({ key, body: await seal(value) })));
}

/** Remove the copies of reports that left the reader's scope. What is unsent stays until it is delivered. */
async function leave(store: UserStore, gone: string[]): Promise<void> {
  const { db } = store;
  await db.reports.bulkDelete(gone);
  for (const report of gone) {
    const ops = db.ops.where({ report });
    // Below every number, so that acknowledged ops are not laid over a report that is no longer this reader's.
    await ops.filter((op) => op.state === 'acked' || op.state === 'refused').modify({ seq: -1 });
    const unsent = await db.ops.where({ report }).filter((op) => op.state === 'pending' || op.state === 'stuck').count();
    if (unsent === 0) await db.begun.delete(report);
  }
}

/**
 * Take from a copy what the server says of this phone's own ops and photos; return how many photos must be sent
 * again. Runs inside the transaction.
 */
async function settleBy(store: UserStore, copy: Copy): Promise<number> {
  const { db } = store;
  const report = copy.report;
  const refused = new Set(copy.quarantined.map((each) => each.op));
  const judged = (op: OpRow): boolean => (op.seq ?? Infinity) <= copy.seq;
  // The server ran it again, after a fix or when what it waited for had come. Of what it could not read, or took for
  // a second op of one id, a copy tells nothing: its absence there does not mean that it was applied.
  await db.ops
    .where({ report })
    .filter((op) => op.state === 'refused' && RUN_AGAIN.has(op.reason ?? '') && judged(op) && !refused.has(op.op))
    .modify({ state: 'acked', verdict: 'applied', reason: null });
  const doneAt = new Date().toISOString();
  await db.photos
    .where({ report })
    .filter((own) => own.state !== 'done' && isListed(copy, own))
    .modify((own) => void Object.assign(own, { state: 'done', offset: own.size, reason: null, doneAt }));
  // The server lost the bytes, or cannot read them back: this phone has them, and sends them again.
  return db.photos
    .where({ report })
    .filter((own) => own.state === 'done' && !isListed(copy, own))
    .modify({ state: 'pending', offset: 0, reason: null, doneAt: null });
}

/** Whether the server says that it has this very photo: by the hash that it recomputed (P7). */
function isListed(copy: Copy | null, own: PhotoRow): boolean {
  return copy?.photos.some((each) => each.photo === own.photo && each.sha256 === own.sha256) ?? false;
}

/** Drop what the server has had for 30 days and shows in its snapshot; until then it can be given back (P12). */
export async function prune(store: UserStore, now: number = Date.now()): Promise<void> {
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

type CatalogMark = { etag: string | null; at: number };

/** Fetch the catalog where the copy is some minutes old; nothing is sent twice thanks to its ETag. */
export async function refreshCatalog(store: UserStore, bearer: Bearer, now: number = Date.now()): Promise<void> {
  const mark = await store.meta<CatalogMark>('catalog-mark');
  if (mark && now - mark.at < CATALOG_AGE) return;
  const headers = mark?.etag ? { 'If-None-Match': mark.etag } : undefined;
  const response = await sendAs(bearer, '/api/catalog', headers ? { headers } : {});
  const etag = response.headers.get('ETag') ?? mark?.etag ?? null;
  if (response.status !== 304) {
    const catalog = await json<Catalog>(response);
    if (currentUser()?.id !== store.user) return;
    if (!Array.isArray(catalog.forms)) throw stranger(200);
    await store.setMeta('catalog', await withOldForms(store, catalog));
    changed({ user: store.user, reports: [], meta: true });
  }
  await store.setMeta('catalog-mark', { etag, at: now });
}

/** A draft keeps the form version that it began with, also when the server no longer offers it for new ones. */
async function withOldForms(store: UserStore, next: Catalog): Promise<Catalog> {
  const before = (await store.meta<Catalog>('catalog'))?.forms ?? [];
  const offered = new Set(next.forms.map((form) => `${form.id} ${form.version}`));
  return { ...next, forms: [...next.forms, ...before.filter((form) => !offered.has(`${form.id} ${form.version}`))] };
}
