/** Locks among the tabs of this browser (Web Locks); within one tab alone where the browser has none. */

const tails = new Map<string, Promise<unknown>>();

/** Run `work` while holding the named lock; waits its turn. */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  if (locks) return (await locks.request(name, work)) as T;
  const before = tails.get(name) ?? Promise.resolve();
  const turn = before.then(work, work);
  // The next in line waits for this turn's end, however it ends; the failure itself goes to the caller.
  tails.set(
    name,
    turn.catch(() => undefined)
  );
  return turn;
}
