/** What the screens write with and read from. Every save resolves only when it is on the disk, and else rejects. */
import { ENTITY, REVIEW, value } from '../sync/overlay';
import { missing } from '../sync/form';
import { sha256, uuid7 } from '../sync/op';
import type { Catalog, FormRef, OpKind, Snapshot } from '../sync/types';
import { isoWithOffset } from '../sync/wall';
import { isBlank } from './edits';
import { SaveFailed } from './errors';
import { here, type Here } from './here';
import type { NewEdit } from './types';
import { formOf, write } from './write';
import { partsOf, viewOf } from './view';

export type { NewEdit, Notice, PhotoView, ReportView, Safety } from './types';
export type { OpKind } from '../sync/types';
export { contacts } from './contacts';
export { admitCorrection, admitSupplement, confirmMerged, dismiss, dismissNotice, noticesOf } from './decisions';
export { SaveFailed } from './errors';
export { catalog, devices, people, report, reports } from './stores';
export { safety } from './safety';
export { syncNow } from './engine';
export { photoUrl } from './photo-url';
export { start } from './start';

const FORM = 'incident';

/** Begin a report; its id, once it is on this phone. It keeps the form version that is newest now. */
export async function newReport(edits: NewEdit[] = []): Promise<string> {
  const at = await here();
  const id = uuid7();
  const begun = { id, at: new Date().toISOString(), form: await newestForm(at) };
  await write({ report: id, kind: 'edit', edits: () => edits, begun });
  return id;
}

async function newestForm(at: Here): Promise<FormRef> {
  const forms = (await at.store.meta<Catalog>('catalog'))?.forms ?? [];
  const versions = forms.filter((form) => form.id === FORM).map((form) => form.version);
  return { id: FORM, version: Math.max(1, ...versions) };
}

/**
 * Write to a report: one op. `resolve` ends a conflict and needs a reason.
 * Where an editor stayed open while the feed went on, give each edit the `base` that its author saw.
 */
export async function save(report: string, edits: NewEdit[], kind: OpKind = 'edit', reason?: string): Promise<void> {
  if (kind === 'resolve' && !reason?.trim()) throw new SaveFailed('reason_missing');
  await write({ report, kind, edits: () => edits, reason: reason?.trim() });
}

/** Add an entity with its first values; its id. */
export async function addEntity(
  report: string,
  list: string,
  values: Record<string, unknown>,
  parent: string | null = null,
  kind: OpKind = 'edit'
): Promise<string> {
  const entity = uuid7();
  await write({ report, kind, edits: () => [made(entity, list, parent), ...given(entity, values)] });
  return entity;
}

function made(entity: string, list: string, parent: string | null): NewEdit {
  return { entity, field: ENTITY, value: { list, parent } };
}

function given(entity: string, values: Record<string, unknown>): NewEdit[] {
  return Object.entries(values)
    .filter(([, each]) => !isBlank(each))
    .map(([field, each]) => ({ entity, field, value: each }));
}

/** Remove an entity. What somebody else wrote to it meanwhile keeps it, flagged. */
export async function removeEntity(report: string, entity: string): Promise<void> {
  await write({
    report,
    kind: 'edit',
    edits: (view) => {
      const seen = Object.values(view.fields[entity] ?? {}).flatMap((each) => each.map((head) => head.op));
      return [{ entity, field: ENTITY, value: null, base: [...new Set(seen)] }];
    }
  });
}

/**
 * Ask to have footage kept; the id of the footage, which is also the hold's. The op carries every field of the
 * footage, because it is sent ahead of all others and acted on alone.
 */
export async function holdFootage(report: string, values: Record<string, unknown>, entity?: string): Promise<string> {
  const id = entity ?? uuid7();
  await write({
    report,
    kind: 'hold',
    edits: (view) => [made(id, 'footage', null), ...given(id, { ...valuesOf(view, id), ...values })]
  });
  return id;
}

function valuesOf(view: Snapshot, entity: string): Record<string, unknown> {
  const fields = Object.keys(view.fields[entity] ?? {}).filter((field) => field !== ENTITY);
  return Object.fromEntries(fields.map((field) => [field, value(view, entity, field)]));
}

/** Keep a photo: hashed before anything else, original bytes stored with the op that names the hash. Its id. */
export async function addPhoto(
  report: string,
  blob: Blob,
  values: Record<string, unknown>,
  parent: string | null = null
): Promise<string> {
  const bytes = await blob.arrayBuffer();
  const hash = await sha256(bytes);
  const photo = uuid7();
  const type = blob.type || 'image/jpeg';
  const facts = { sha256: hash, type, size: bytes.byteLength, taken_at: isoWithOffset() };
  const row = {
    photo,
    report,
    sha256: hash,
    size: bytes.byteLength,
    type,
    at: new Date().toISOString(),
    state: 'pending' as const,
    url: null,
    offset: 0,
    reason: null,
    doneAt: null,
    bytes
  };
  await write({
    report,
    kind: 'edit',
    edits: () => [made(photo, 'photos', parent), ...given(photo, { ...facts, ...values, sha256: hash, type, size: bytes.byteLength })],
    photo: row
  });
  return photo;
}

/** Submit a report, also without a network. Raises SaveFailed `incomplete` while something is missing. */
export async function submit(report: string): Promise<void> {
  const at = await here();
  const view = viewOf(report, await partsOf(at.store, report), at.user);
  if (!view) throw new SaveFailed('unknown_report');
  const form = await formOf(at, view.snapshot.form);
  if (form && missing(form, view.snapshot).length > 0) throw new SaveFailed('incomplete');
  await write({ report, kind: 'submit', edits: () => [{ entity: REVIEW, field: 'state', value: 'submitted' }] });
}
