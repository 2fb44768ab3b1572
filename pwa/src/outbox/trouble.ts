/** Reports whose ops failed: each waits by itself, so that none of them holds up another (P8). */
import { ApiProblem } from '../api/problem';
import { delay } from './backoff';

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

/** An op of the report failed by itself. */
export function failed(report: string, problem: ApiProblem): void {
  const times = failuresOf(report) + 1;
  troubles.set(report, { times, until: ticks() + delay(times - 1, problem.retryAfter), problem });
}

/** A batch with ops of the report was lost, perhaps because of others: it need not rest, but the others go first. */
export function demoted(report: string, problem: ApiProblem): void {
  troubles.set(report, { times: failuresOf(report) + 1, until: 0, problem });
}

export function wentThrough(report: string): void {
  troubles.delete(report);
}

/** How often a report failed since it last went through. */
export function failuresOf(report: string): number {
  return troubles.get(report)?.times ?? 0;
}

export function isResting(report: string): boolean {
  return (troubles.get(report)?.until ?? 0) > ticks();
}

/** Let every report be tried at once: somebody asks for it, or the network came back. */
export function restNoMore(): void {
  for (const each of troubles.values()) each.until = 0;
}

/** What is the matter with those of these reports that failed last; null where none did. */
export function troubleOf(reports: Iterable<string>): ReportFailed | null {
  const found = [...reports].flatMap((report) => troubles.get(report) ?? []);
  const first = found.sort((a, b) => a.until - b.until)[0];
  return first ? new ReportFailed(first.problem, first.until) : null;
}
