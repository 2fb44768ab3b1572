/** Decisions of the desk are signed ops. This saves one and waits for what the server says of it. */
import { get, type Readable } from 'svelte/store';
import { report, save, syncNow } from '../../outbox';
import type { NewEdit, OpKind, ReportView } from '../../outbox';
import { reasonWords } from './changes';

export type Outcome = { verdict: 'applied' | 'quarantined' | 'waiting'; code: string | null; says: string };

type Before = { ops: number; heldBack: Set<string> };

/** Longest wait for an answer; after that the op is still on its way, and the reader is told so. */
const PATIENCE_MS = 12_000;

function before(view: ReportView | null): Before {
  return { ops: view?.server?.ops ?? 0, heldBack: new Set(view?.quarantined.map((one) => one.op)) };
}

/** What became of an op, as far as the report shows it; null while it is still under way. */
export function outcome(view: ReportView | null, was: Before, done: string): Outcome | null {
  if (!view || view.pending > 0) return null;
  const heldBack = view.quarantined.find((one) => !was.heldBack.has(one.op));
  if (heldBack) {
    return {
      verdict: 'quarantined',
      code: heldBack.reason,
      says: `Not applied. ${reasonWords(heldBack.reason)} Your decision was kept and is shown in History.`
    };
  }
  return (view.server?.ops ?? 0) > was.ops ? { verdict: 'applied', code: null, says: done } : null;
}

const WAITING = 'Saved and signed on this computer. It has not reached the server yet and is sent by itself.';

function settled(store: Readable<ReportView | null>, was: Before, done: string): Promise<Outcome> {
  return new Promise((resolve) => {
    let stop: (() => void) | undefined;
    const end = (found: Outcome): void => {
      clearTimeout(timer);
      resolve(found);
      queueMicrotask(() => stop?.());
    };
    const timer = setTimeout(() => end({ verdict: 'waiting', code: null, says: WAITING }), PATIENCE_MS);
    stop = store.subscribe((view) => {
      const found = outcome(view, was, done);
      if (found) end(found);
    });
  });
}

export async function decide(
  id: string,
  edits: NewEdit[],
  kind: OpKind,
  done: string,
  reason?: string
): Promise<Outcome> {
  const store = report(id);
  const was = before(get(store));
  await save(id, edits, kind, reason);
  const answer = settled(store, was, done);
  // Delivery is tried at once; when it fails the outbox tries again, and the wait above says so.
  syncNow().catch(() => undefined);
  return answer;
}
