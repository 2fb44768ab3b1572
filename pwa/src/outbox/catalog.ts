/** The catalog: forms, options and the policy of holds, as the server offers them now. */
import { json, reached, sendAs, type Bearer } from '../api/request';
import { currentUser } from '../session';
import type { UserStore } from '../storage/user';
import type { Catalog } from '../sync/types';
import { changed } from './bus';

const CATALOG_AGE = 10 * 60_000;

type CatalogMark = { etag: string | null; at: number };

/** Fetch the catalog where the copy is some minutes old; nothing is sent twice thanks to its ETag. */
export async function refreshCatalog(store: UserStore, bearer: Bearer, now: number = Date.now()): Promise<void> {
  const mark = await store.meta<CatalogMark>('catalog-mark');
  if (mark && now - mark.at < CATALOG_AGE) return;
  const headers = mark?.etag ? { 'If-None-Match': mark.etag } : undefined;
  const response = await sendAs(bearer, '/api/catalog', headers ? { headers } : {});
  const etag = response.headers.get('ETag') ?? mark?.etag ?? null;
  if (response.status === 304 && headers) reached();
  else {
    const catalog = await json<Catalog>(response, (found) => Array.isArray(found.forms));
    if (currentUser()?.id !== store.user) return;
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
