/** Queues whose ops failed, one for each report: each waits by itself, so that none holds up another (P8). */
import { ApiProblem, STRANGER, TIMED_OUT } from '../api/problem';
import { delay } from './backoff';

/** What a proxy says of a server that broke or never answered, perhaps because of what it was asked. */
const GATEWAY = new Set([502, 503, 504]);

type Trouble = { times: number; until: number; problem: ApiProblem };

const troubles = new Map<string, Trouble>();

/** The server failed on some reports, and is there for the others. `until` is when the first is due again. */
export class ReportFailed extends ApiProblem {
  constructor(
    of: ApiProblem,
    readonly until: number
  ) {
    super(of.status, of.code, of.detail, of.retry, of.retryAfter, of.extra);
    this.name = 'ReportFailed';
  }
}

/** Milliseconds that no correction of the phone's clock moves. */
export function ticks(): number {
  return performance.now();
}

/** An op of the queue failed by itself. */
export function failed(queue: string, problem: ApiProblem): void {
  const times = failuresOf(queue) + 1;
  troubles.set(queue, { times, until: ticks() + delay(times - 1, problem.retryAfter), problem });
}

/** A batch with ops of the queue was lost, perhaps because of others: it need not rest, but the others go first. */
export function demoted(queue: string, problem: ApiProblem): void {
  troubles.set(queue, { times: failuresOf(queue) + 1, until: 0, problem });
}

export function wentThrough(queue: string): void {
  troubles.delete(queue);
}

/** How often a queue failed since it last went through. */
export function failuresOf(queue: string): number {
  return troubles.get(queue)?.times ?? 0;
}

export function isResting(queue: string): boolean {
  return (troubles.get(queue)?.until ?? 0) > ticks();
}

/** Let every queue be tried at once: somebody asks for it, or the network came back. */
export function restNoMore(): void {
  for (const each of troubles.values()) each.until = 0;
}

/** What is the matter with the one of these queues that is due first; null where none failed. */
export function troubleOf(queues: Iterable<string>): ReportFailed | null {
  const found = [...queues].flatMap((queue) => troubles.get(queue) ?? []);
  const first = found.sort((a, b) => a.until - b.until)[0];
  return first ? new ReportFailed(first.problem, first.until) : null;
}

/** Whether a request went out and no answer of the server's came: the network is slow, or the request breaks the server. */
export function isLost(failed: ApiProblem): boolean {
  return failed.code === TIMED_OUT || (failed.code === STRANGER && GATEWAY.has(failed.status));
}
