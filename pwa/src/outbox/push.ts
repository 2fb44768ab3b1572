/** Delivering ops. An op leaves the pending ones only on a receipt whose hash is its own (P7). */
import { ApiProblem, stranger, STRANGER } from '../api/problem';
import { json, jsonCall, sendAs, type Bearer } from '../api/request';
import { markRevoked } from '../session';
import type { OpRow, StoredOp, UserStore } from '../storage/user';
import type { PushAnswer, Receipt } from '../sync/types';
import { changed } from './bus';
import { batches, inSendingOrder } from './order';

export type Delivery = { store: UserStore; bearer: Bearer; step?: (step: string) => void; contact?: () => Promise<void> };

/** Statuses after which half of the batch is tried: too large, or one op in it that the server cannot read. */
const SPLITS = new Set([400, 413, 422, 500]);
/** A server that fails on this many single ops is failing as a whole. */
const PATIENCE = 3;

/** Send every pending op; return how many were settled. Raises ApiProblem after trying all that could be tried. */
export async function pushPending(delivery: Delivery): Promise<number> {
  const pending = inSendingOrder(await delivery.store.pendingOps());
  const holds = pending.some((op) => op.kind === 'hold');
  if (pending.length > 0) delivery.step?.(holds ? 'Sending holds and changes' : 'Sending changes');
  const run = new Run(delivery, pending.length);
  for (const batch of batches(pending)) await run.send(batch);
  if (run.problem) throw run.problem;
  return run.settled;
}

class Run {
  settled = 0;
  problem: ApiProblem | null = null;
  #failures = 0;

  constructor(
    readonly delivery: Delivery,
    private unsent: number
  ) {}

  /** Send a batch, in halves where the server cannot take it whole: one bad op holds up no other (P8). */
  async send(batch: StoredOp[]): Promise<void> {
    try {
      const answer = await post(this.delivery, batch, this.unsent);
      await this.delivery.contact?.();
      await this.#settle(batch, answer);
    } catch (failed) {
      if (!(failed instanceof ApiProblem) || !SPLITS.has(failed.status) || isStranger(failed)) throw failed;
      if (batch.length > 1) {
        const middle = Math.ceil(batch.length / 2);
        await this.send(batch.slice(0, middle));
        await this.send(batch.slice(middle));
      } else {
        await this.#setAside(batch, failed);
      }
    }
  }

  async #setAside([op]: StoredOp[], failed: ApiProblem): Promise<void> {
    this.problem = failed;
    if (failed.status === 500) {
      this.#failures += 1;
      if (this.#failures >= PATIENCE) throw failed;
      return;
    }
    if (!op) return;
    // Kept, shown, and tried again at the next start of the app.
    await this.delivery.store.db.ops.update(op.op, { state: 'stuck', reason: failed.code, settledAt: now() });
    this.problem = null;
    this.unsent -= 1;
    changed({ user: this.delivery.store.user, reports: [op.report] });
  }

  async #settle(batch: StoredOp[], answer: PushAnswer): Promise<void> {
    const { store } = this.delivery;
    const settled = await settle(store, batch, answer);
    this.settled += settled;
    this.unsent -= settled;
    if (settled < batch.length) {
      this.problem = new ApiProblem(
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
  }
}

async function post({ bearer }: Delivery, batch: StoredOp[], unsent: number): Promise<PushAnswer> {
  const call = jsonCall('POST', { ops: batch.map((op) => op.jws), unsent });
  const answer = await json<unknown>(await sendAs(bearer, '/api/push', call));
  if (!isAnswer(answer)) throw stranger(200);
  return answer;
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

function isAnswer(found: unknown): found is PushAnswer {
  const receipts = (found as PushAnswer | null)?.receipts;
  return (
    Array.isArray(receipts) &&
    receipts.every(
      (each: Partial<Receipt> | null) =>
        typeof each?.sha256 === 'string' && typeof each.seq === 'number' && typeof each.verdict === 'string'
    )
  );
}

function isStranger(failed: ApiProblem): boolean {
  return failed.code === STRANGER;
}

function now(): string {
  return new Date().toISOString();
}
