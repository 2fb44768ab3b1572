/** In which order ops go out, and in which batches. */
import type { StoredOp } from '../storage/user';

export const MAX_OPS = 100;
/** Well below the server's limit for a body, so that a request survives a slow network. */
export const MAX_BYTES = 1_000_000;

type Pending = Pick<StoredOp, 'op' | 'report' | 'kind' | 'n' | 'size' | 'at' | 'payload'>;

/**
 * Order pending ops, given in the order in which they were made: first the holds, each with the pending ops that its
 * bases need, because footage is destroyed on a date; then the rest, report by report, the longest waiting first.
 */
export function inSendingOrder<T extends Pending>(ops: T[]): T[] {
  const first = neededByHolds(ops);
  const rest = new Map<string, T[]>();
  for (const op of ops) {
    if (!first.has(op.op)) rest.set(op.report, [...(rest.get(op.report) ?? []), op]);
  }
  return [...ops.filter((op) => first.has(op.op)), ...[...rest.values()].flat()];
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

/** Cut into batches of at most MAX_OPS ops and about MAX_BYTES; an op that alone is larger goes alone. */
export function batches<T extends Pick<Pending, 'size'>>(ops: T[]): T[][] {
  const cut: T[][] = [];
  let bytes = 0;
  for (const op of ops) {
    const last = cut.at(-1);
    if (!last || last.length >= MAX_OPS || bytes + op.size > MAX_BYTES) {
      cut.push([op]);
      bytes = op.size;
    } else {
      last.push(op);
      bytes += op.size;
    }
  }
  return cut;
}
