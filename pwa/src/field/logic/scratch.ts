/**
 * What is being typed and not yet saved, kept at once and without waiting: a reload within the pause in typing must take
 * nothing from the person. It lasts as long as the tab, and goes when the save is on the disk.
 */
export type Place = { user: string; report: string; entity: string; field: string };

export type Scratch<T> = {
  keep: (typed: T) => void;
  read: () => T | null;
  drop: () => void;
};

/** The one place where scratch copies are kept and read. */
export function scratch<T>({ user, report, entity, field }: Place): Scratch<T> {
  const key = ['holdfast-scratch', user, report, entity, field].join('/');
  return {
    keep: (typed) => attempt(() => sessionStorage.setItem(key, JSON.stringify(typed))),
    read: () => {
      const kept = attempt(() => sessionStorage.getItem(key));
      return kept ? (attempt(() => JSON.parse(kept) as T) ?? null) : null;
    },
    drop: () => attempt(() => sessionStorage.removeItem(key))
  };
}

/** The saving itself does not depend on the copy: where the browser has no room for it, typing goes on. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
