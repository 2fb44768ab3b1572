/** Delivering ops. An op leaves the pending ones only on a receipt whose hash is its own (P7). */
import { ApiProblem, NoToken, STRANGER } from '../api/problem';
import { json, jsonCall, sendAs, serverNow, TIMEOUT, type Bearer } from '../api/request';
import { enrol, markRevoked } from '../session/device';
import type { OpRow, StoredOp, UserStore } from '../storage/user';
import type { PushAnswer, Receipt } from '../sync/types';
import { changed } from './bus';
import { MAX_OPS, batches, halves, queues } from './order';
import { demoted, failed, failuresOf, isLost, isResting, troubleOf, wentThrough } from './trouble';

export type Delivery = { store: UserStore; bearer: Bearer; step?: (step: string) => void; contact?: () => Promise<void> };

/** Statuses after which the batch is cut in two: too large, or one op in it that the server cannot read. */
const SPLITS = new Set([400, 413, 422, 500]);
/** A server that fails on this many ops of a report fails on the report; on this many reports, as a whole. */
const PATIENCE = 3;
/** A slow network is given time by the size of what it carries: bytes in a millisecond. */
const SLOW = 8;

/** How many ops a batch may hold: fewer after one that never got through, more again after one that did. */
let most = MAX_OPS;

/** Send every pending op; return how many were settled. Raises ApiProblem after trying all that could be tried. */
export async function pushPending(delivery: Delivery): Promise<number> {
  const pending = await delivery.store.pendingOps();
  const { holds, reports } = queues(pending, (report, isHold) => failuresOf(queueOf(report, isHold)));
  if (pending.length > 0) delivery.step?.(holds.length > 0 ? 'Sending holds and changes' : 'Sending changes');
  const run = new Run(delivery);
  // By themselves: nothing else that fails may hold them up (P6).
  for (const batch of batches(holds, most)) await run.send(batch, true);
  const rest = reports.filter(([first]) => first && !isResting(queueOf(first.report, false)));
  for (const batch of batches(rest.flat(), most)) await run.send(batch, false);
  const problem = run.mismatch ?? troubleOf(pending.flatMap(({ report }) => [queueOf(report, true), queueOf(report, false)]));
  if (problem) throw problem;
  return run.settled;
}

/** A report's holds are a queue of their own: they never rest, and say nothing of its words. */
function queueOf(report: string, isHold: boolean): string {
  return isHold ? `holds of ${report}` : report;
}

function queuesOf(batch: StoredOp[], areHolds: boolean): Set<string> {
  return new Set(batch.map((op) => queueOf(op.report, areHolds)));
}

class Run {
  settled = 0;
  mismatch: ApiProblem | null = null;
  /** How many ops of each queue the server failed on. */
  #failed = new Map<string, number>();
  #told = false;

  constructor(readonly delivery: Delivery) {}

  /**
   * Send a batch, in halves where the server cannot take it whole: one bad op holds up no other report's (P8).
   * Where several of a report failed just now, the others of that report wait; holds never do.
   */
  async send(wanted: StoredOp[], areHolds: boolean): Promise<void> {
    const batch = areHolds ? wanted : wanted.filter((op) => (this.#failed.get(op.report) ?? 0) < PATIENCE);
    if (batch.length === 0) return;
    try {
      const answer = await post(this.delivery, batch);
      most = Math.min(MAX_OPS, most * 2);
      await this.delivery.contact?.();
      await this.#settle(batch, answer, areHolds);
    } catch (problem) {
      if (!(problem instanceof ApiProblem) || problem instanceof NoToken) throw problem;
      if (!isSplit(problem) && !isLost(problem)) throw problem;
      if (batch.length === 1) return this.#setAside(batch[0] as StoredOp, problem, areHolds);
      // Each try takes its time: the next run begins with less, and with the reports that did not fail.
      if (isLost(problem)) throw shrink(batch, problem, areHolds);
      const [first, second] = halves(batch);
      await this.send(first, areHolds);
      await this.send(second, areHolds);
    }
  }

  async #setAside(op: StoredOp, problem: ApiProblem, isHold: boolean): Promise<void> {
    if (isRefusal(problem)) {
      // Kept, shown, and tried again at the next start of the app.
      await this.delivery.store.db.ops.update(op.op, { state: 'stuck', reason: problem.code, settledAt: now() });
      changed({ user: this.delivery.store.user, reports: [op.report] });
      return;
    }
    const queue = queueOf(op.report, isHold);
    failed(queue, problem);
    this.#failed.set(queue, (this.#failed.get(queue) ?? 0) + 1);
    if (this.settled === 0 && this.#failed.size >= PATIENCE) throw problem;
  }

  async #settle(batch: StoredOp[], answer: PushAnswer, areHolds: boolean): Promise<void> {
    const { store } = this.delivery;
    const settled = await settle(store, batch, answer);
    this.settled += settled;
    // Where another op of the queue failed in this run, the queue did not go through.
    for (const queue of queuesOf(batch, areHolds)) if (!this.#failed.has(queue)) wentThrough(queue);
    if (settled < batch.length) {
      this.mismatch = new ApiProblem(
        200,
        'receipt_mismatch',
        'The server confirmed something else than what was sent. It is kept here and sent again.',
        'backoff'
      );
    }
    // A batch may hold the ops of an earlier, revoked enrolment beside those of the present one.
    const revoked = new Set(answer.receipts.filter((each) => each.reason === 'revoked_device').map((each) => each.sha256));
    for (const device of new Set(batch.filter((op) => revoked.has(op.sha256)).map((op) => op.device))) {
      await markRevoked(device);
    }
    await this.#tellOfDevice(answer);
  }

  /** A server that was restored to before the enrolment is told of this phone's key, and then sent its words again. */
  async #tellOfDevice(answer: PushAnswer): Promise<void> {
    if (this.#told || !answer.receipts.some((each) => each.reason === 'unknown_device')) return;
    this.#told = true;
    try {
      await enrol(this.delivery.store.user, this.delivery.bearer);
    } catch (problem) {
      // Asked again with the next delivery, or at the next sign-in.
      if (!(problem instanceof ApiProblem)) throw problem;
    }
  }
}

async function post({ bearer, store }: Delivery, batch: StoredOp[]): Promise<PushAnswer> {
  const devices = [...new Set(batch.map((op) => op.device))];
  const waiting = await Promise.all(devices.map((device) => store.unsent(device)));
  const unsent = waiting.reduce((sum, each) => sum + each, 0) - batch.length;
  const bytes = batch.reduce((sum, op) => sum + op.size, 0);
  const call = jsonCall('POST', { ops: batch.map((op) => op.jws), unsent });
  return json<PushAnswer>(await sendAs(bearer, '/api/push', { ...call, timeout: TIMEOUT + Math.ceil(bytes / SLOW) }), isAnswer);
}

/** Put receipts to their ops, in one transaction; return how many ops they settled. */
export async function settle(store: UserStore, batch: StoredOp[], answer: PushAnswer): Promise<number> {
  const receipts = new Map(answer.receipts.map((receipt) => [receipt.sha256, receipt]));
  const updates: { key: string; changes: Partial<OpRow> }[] = [];
  for (const op of batch) {
    const receipt = receipts.get(op.sha256);
    if (receipt && (receipt.op === null || receipt.op === op.op)) updates.push({ key: op.op, changes: outcome(receipt) });
  }
  await store.db.transaction('rw', store.db.ops, () => store.db.ops.bulkUpdate(updates));
  if (answer.beacon) await store.setMeta('beacon', answer.beacon);
  changed({ user: store.user, reports: [...new Set(batch.map((op) => op.report))] });
  return updates.length;
}

function outcome(receipt: Receipt): Partial<OpRow> {
  return {
    state: receipt.verdict === 'quarantined' ? 'refused' : 'acked',
    seq: receipt.seq,
    verdict: receipt.verdict,
    reason: receipt.reason,
    settledAt: now()
  };
}

function isAnswer({ receipts }: PushAnswer): boolean {
  return (
    Array.isArray(receipts) &&
    receipts.length > 0 &&
    receipts.every(
      (each: Partial<Receipt> | null) =>
        typeof each?.sha256 === 'string' && typeof each.seq === 'number' && typeof each.verdict === 'string'
    )
  );
}

function shrink(batch: StoredOp[], problem: ApiProblem, areHolds: boolean): ApiProblem {
  most = Math.max(1, Math.floor(batch.length / 2));
  for (const queue of queuesOf(batch, areHolds)) demoted(queue, problem);
  return problem;
}

/** Whether the batch is to be cut in two: the server, or a proxy with a limit of its own, cannot take it whole. */
function isSplit(failed: ApiProblem): boolean {
  return failed.code === STRANGER ? failed.status === 413 : SPLITS.has(failed.status);
}

/** Whether the server will never take this op as it is. */
function isRefusal(failed: ApiProblem): boolean {
  return isSplit(failed) && failed.code !== STRANGER && failed.status !== 500;
}

function now(): string {
  return new Date(serverNow() ?? Date.now()).toISOString();
}
