/** In which order ops go out, and in which batches. */
import type { StoredOp } from '../storage/user';

export const MAX_OPS = 100;
/** Well below the server's limit for a body, so that a request survives a slow network. */
export const MAX_BYTES = 1_000_000;

type Pending = Pick<StoredOp, 'op' | 'report' | 'kind' | 'n' | 'size' | 'at' | 'payload'>;

export type Queues<T> = {
  /** The holds, each with the pending ops that its bases need, because footage is destroyed on a date. */
  holds: T[];
  /** The rest, a queue for each report: the longest waiting first, those that failed before last. */
  reports: T[][];
};

/** How often a report's holds, or its other ops, failed. */
type Failures = (report: string, isHold: boolean) => number;

/** Put pending ops, given in the order in which they were made, into queues. */
export function queues<T extends Pending>(ops: T[], failures: Failures = () => 0): Queues<T> {
  const first = neededByHolds(ops);
  const rest = new Map<string, T[]>();
  for (const op of ops) {
    if (!first.has(op.op)) rest.set(op.report, [...(rest.get(op.report) ?? []), op]);
  }
  // Sorting keeps the order of those that are alike, so that a report's own ops stay in theirs.
  const holds = ops.filter((op) => first.has(op.op));
  holds.sort((a, b) => failures(a.report, true) - failures(b.report, true));
  const reports = [...rest].sort(([a], [b]) => failures(a, false) - failures(b, false));
  return { holds, reports: reports.map(([, queue]) => queue) };
}

function neededByHolds(ops: Pending[]): Set<string> {
  const pending = new Map(ops.map((op) => [op.op, op]));
  const needed = new Set<string>();
  const wanted = ops.filter((op) => op.kind === 'hold').map((op) => op.op);
  for (let id = wanted.pop(); id !== undefined; id = wanted.pop()) {
    const op = pending.get(id);
    if (!op || needed.has(id)) continue;
    needed.add(id);
    wanted.push(...op.payload.edits.flatMap((edit) => edit.base));
  }
  return needed;
}

/** Cut into batches of at most `most` ops and about as many bytes; an op that alone is larger goes alone. */
export function batches<T extends Pick<Pending, 'size'>>(ops: T[], most: number = MAX_OPS): T[][] {
  const room = (MAX_BYTES * most) / MAX_OPS;
  const cut: T[][] = [];
  let bytes = 0;
  for (const op of ops) {
    const last = cut.at(-1);
    if (!last || last.length >= most || bytes + op.size > room) {
      cut.push([op]);
      bytes = op.size;
    } else {
      last.push(op);
      bytes += op.size;
    }
  }
  return cut;
}

/** Cut a batch in two: between reports where it holds several, so that one report's trouble stays its own. */
export function halves<T extends Pick<Pending, 'report'>>(batch: T[]): [T[], T[]] {
  const middle = batch.length / 2;
  const between = batch.flatMap((op, place) => (place > 0 && batch[place - 1]?.report !== op.report ? [place] : []));
  const nearest = between.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0] ?? Math.ceil(middle);
  return [batch.slice(0, nearest), batch.slice(nearest)];
}
