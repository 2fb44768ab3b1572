/** Saving: sign, write in one transaction, read back. Only then does the promise of `write` resolve. */
import { signOp } from '../session';
import { withLock } from '../storage/lock';
import type { Begun, Photo, StoredOp } from '../storage/user';
import { payload, sha256, uuid7 } from '../sync/op';
import type { Catalog, Edit, FormDefinition, FormRef, OpKind, OpPayload, Snapshot } from '../sync/types';
import { changed } from './bus';
import { prepare } from './edits';
import { SaveFailed, saveFailure } from './errors';
import { here, type Here } from './here';
import { counted } from './safety';
import type { NewEdit } from './types';
import { partsOf, viewOf } from './view';

export type Write = {
  report: string;
  kind: OpKind;
  /** Made under the lock, from the newest view, so that the bases name what really stands there. */
  edits: (view: Snapshot, form: FormDefinition | null) => NewEdit[];
  /** Edits of another op, to be said again exactly as they were written. */
  verbatim?: Edit[];
  reason?: string | undefined;
  begun?: Begun;
  photo?: Photo;
};

const TRIES = 3;

/** Save one op; does nothing where nothing would change. Raises SaveFailed, and then nothing was written. */
export async function write(wanted: Write): Promise<void> {
  try {
    const at = await here();
    const saved = await withLock(`holdfast-chain-${at.device.id}`, () => attempt(at, wanted, TRIES));
    if (!saved) return;
    changed({ user: at.user.id, reports: [wanted.report], saved: true });
    // Whoever reads "saved" also reads that it is only on this phone.
    await counted();
  } catch (failed) {
    throw saveFailure(failed);
  }
}

async function attempt(at: Here, wanted: Write, tries: number): Promise<boolean> {
  const { view, begins } = await viewFor(at, wanted);
  const form = await formOf(at, view.form);
  const own = prepare(view, form, wanted.edits(view, form), wanted.kind, { device: at.device.id });
  const edits = [...own, ...(wanted.verbatim ?? [])];
  if (edits.length === 0 && !wanted.begun) return false;
  if (edits.length === 0) {
    await at.store.begin(wanted.begun as Begun);
    if (!(await at.store.begun(wanted.report))) throw new SaveFailed('not_kept');
    return true;
  }
  const op = await sign(at, { ...wanted, begins }, edits, view.form);
  const { begun, photo } = wanted;
  const chain = { n: op.n, prev: op.sha256 };
  try {
    await at.store.save({ op, chain, ...(begun ? { begun } : {}), ...(photo ? { photo } : {}) });
  } catch (failed) {
    // Without Web Locks another tab may have taken this number in the device's count.
    if (tries > 1 && isTaken(failed)) return attempt(at, wanted, tries - 1);
    throw failed;
  }
  await readBack(at, op, photo);
  return true;
}

async function viewFor(at: Here, wanted: Write): Promise<{ view: Snapshot; begins: boolean }> {
  const parts = await partsOf(at.store, wanted.report);
  const view = viewOf(wanted.report, wanted.begun ? { ...parts, begun: wanted.begun } : parts, at.user);
  if (!view) throw new SaveFailed('unknown_report');
  return { view: view.snapshot, begins: parts.copy === null && parts.ops.length === 0 };
}

export async function formOf(at: Here, ref: FormRef): Promise<FormDefinition | null> {
  const catalog = await at.store.meta<Catalog>('catalog');
  return catalog?.forms.find((form) => form.id === ref.id && form.version === ref.version) ?? null;
}

async function sign(at: Here, wanted: Write & { begins: boolean }, edits: Edit[], form: FormRef): Promise<StoredOp> {
  const [chain, beacon] = await Promise.all([at.store.chain(at.device.id), at.store.meta<string>('beacon')]);
  const now = new Date();
  const body: OpPayload = payload({
    op: uuid7(now.getTime()),
    device: at.device.id,
    n: chain.n + 1,
    prev: chain.prev,
    actor: at.user.id,
    report: wanted.report,
    kind: wanted.kind,
    edits,
    form,
    reason: wanted.reason,
    begins: wanted.begins,
    beacon,
    at: now,
    offset: -now.getTimezoneOffset()
  });
  const jws = await signOp(at.device, JSON.stringify(body));
  return {
    op: body.op,
    report: body.report,
    device: body.device,
    n: body.n,
    kind: body.kind,
    sha256: await sha256(jws),
    size: jws.length,
    state: 'pending',
    at: body.time.wall,
    seq: null,
    verdict: null,
    reason: null,
    settledAt: null,
    jws,
    payload: body
  };
}

/** Ask the disk, in a transaction of its own, whether it has what we wrote. Raises SaveFailed. */
async function readBack(at: Here, op: StoredOp, photo: Photo | undefined): Promise<void> {
  const found = await at.store.op(op.op);
  if (!found || found.jws !== op.jws || (await sha256(found.jws)) !== op.sha256) throw new SaveFailed('not_kept');
  if (!photo) return;
  const bytes = await at.store.bytes(photo.photo);
  if (!bytes || (await sha256(bytes)) !== photo.sha256) throw new SaveFailed('not_kept');
}

function isTaken(failed: unknown): boolean {
  if (!(failed instanceof Error)) return false;
  const { inner } = failed as { inner?: unknown };
  return failed.name === 'ConstraintError' || (inner !== failed && isTaken(inner));
}
