/** Decisions of the desk are signed ops. This saves one and waits for what the server says of it. */
import { get, writable, type Readable } from 'svelte/store';
import { report, save, syncNow } from '../../outbox';
import type { NewEdit, OpKind, ReportView } from '../../outbox';
import { wellFormed } from '../../ui/wellFormed';
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

/** Tells the outcome, and where the first was "waiting" tells it again once the server has answered. */
function follow(
  store: Readable<ReportView | null>,
  was: Before,
  done: string,
  tell: (found: Outcome) => void
): Promise<void> {
  return new Promise((resolve) => {
    let stop: (() => void) | undefined;
    const timer = setTimeout(() => {
      tell({ verdict: 'waiting', code: null, says: WAITING });
      resolve();
    }, PATIENCE_MS);
    stop = store.subscribe((view) => {
      const found = outcome(view, was, done);
      if (!found) return;
      clearTimeout(timer);
      queueMicrotask(() => stop?.());
      tell(found);
      resolve();
    });
  });
}

/** Resolves with the first outcome told. Rejects when the op could not be saved on this computer. */
export async function decide(
  id: string,
  edits: NewEdit[],
  kind: OpKind,
  done: string,
  reason?: string
): Promise<Outcome> {
  const store = report(id);
  const was = before(get(store));
  await save(id, wellFormed(edits), kind, wellFormed(reason));
  let first: Outcome | null = null;
  const told = follow(store, was, done, (found) => {
    first ??= found;
    outcomes.update((all) => ({ ...all, [id]: found }));
  });
  // Delivery is tried at once; when it fails the outbox tries again, and the wait above says so.
  syncNow().catch(() => undefined);
  await told;
  return first!;
}

/** What became of the last decision on each report, in this session. */
export const outcomes = writable<Record<string, Outcome>>({});

export function dismiss(id: string): void {
  outcomes.update(({ [id]: _, ...others }) => others);
}
