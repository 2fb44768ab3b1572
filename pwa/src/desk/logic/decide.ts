/** Decisions of the desk are signed ops. This saves one and waits for what the server says of it. */
import { get, writable, type Readable } from 'svelte/store';
import { report, save, syncNow } from '../../outbox';
import type { NewEdit, OpKind, ReportView } from '../../outbox';
import { session } from '../../session';
import { wellFormed } from '../../ui/wellFormed';
import { reasonWords } from './reasons';

export type Outcome = { verdict: 'applied' | 'quarantined' | 'waiting'; code: string | null; says: string };

type Before = { ops: number; heldBack: Set<string>; user: string };

/** What to say once it is done; a sentence, or one that depends on what stands there then. */
export type Done = string | ((view: ReportView) => string);

/** Longest wait for an answer; after that the op is still on its way, and the reader is told so. */
const PATIENCE_MS = 12_000;

function before(view: ReportView | null, user: string): Before {
  return { ops: view?.server?.ops ?? 0, heldBack: new Set(view?.quarantined.map((one) => one.sha256)), user };
}

/** What became of an op, as far as the report shows it; null while it is still under way. */
export function outcome(view: ReportView | null, was: Before, done: Done): Outcome | null {
  if (!view || view.pending > 0) return null;
  // What an officer's phone delivered too late meanwhile is no answer to this decision.
  const heldBack = view.quarantined.find((one) => one.actor === was.user && !was.heldBack.has(one.sha256));
  if (heldBack) {
    return {
      verdict: 'quarantined',
      code: heldBack.reason,
      says: `Not applied. ${reasonWords(heldBack.reason)} Your decision was kept and is shown in History.`
    };
  }
  if ((view.server?.ops ?? 0) <= was.ops) return null;
  return { verdict: 'applied', code: null, says: typeof done === 'string' ? done : done(view) };
}

const WAITING = 'Saved and signed on this computer. It has not reached the server yet and is sent by itself.';

/** Tells the outcome, and where the first was "waiting" tells it again once the server has answered. */
function follow(
  store: Readable<ReportView | null>,
  was: Before,
  done: Done,
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

/** Sign and send an op of these edits. Rejects when it could not be saved on this computer. */
export function decide(id: string, edits: NewEdit[], kind: OpKind, done: Done, reason?: string): Promise<Outcome> {
  return carryOut(id, () => save(id, wellFormed(edits), kind, wellFormed(reason)), done);
}

/**
 * Take a decision by `act`, which saves one op. Resolves with the first outcome told; rejects when the op could not
 * be saved on this computer.
 */
export async function carryOut(id: string, act: () => Promise<unknown>, done: Done): Promise<Outcome> {
  const store = report(id);
  const was = before(get(store), get(session).user?.id ?? '');
  await act();
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
