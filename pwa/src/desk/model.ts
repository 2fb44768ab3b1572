/** What the desk's screens share: the rows of the queue, the names of people and fields, and what was seen. */
import { derived, get, readable, writable, type Readable } from 'svelte/store';
import { catalog, people, reports } from '../outbox';
import type { NewEdit } from '../outbox';
import { mostUrgentFirst, NO_FILTER, rowOf, type Filter, type Row } from './logic/queue';
import { isDue } from './logic/holds';
import { personWords, type Naming } from './logic/labels';

const MINUTE = 60_000;

/** The time, once a minute: days left and "5 min ago" stay true on a screen that is open all day. */
export const now: Readable<number> = readable(Date.now(), (set) => {
  set(Date.now());
  const timer = setInterval(() => set(Date.now()), MINUTE);
  return () => clearInterval(timer);
});

export const naming: Readable<Naming> = derived([catalog, people], ([$catalog, $people]) => ({
  catalog: $catalog,
  people: $people
}));

export const rows: Readable<Row[]> = derived([reports, people, now], ([$reports, $people, $now]) =>
  mostUrgentFirst($reports.map((one) => rowOf(one, $now, personWords(one.snapshot.author, $people))))
);

export const filter = writable<Filter>({ ...NO_FILTER });

/**
 * How many ops of each report the reader has seen in this session. Reports that were there when the desk opened count
 * as seen; later ones are marked new, and changed ones changed, until they are opened.
 */
const seen = writable<Map<string, number> | null>(null);

export function startWatching(): () => void {
  return reports.subscribe((list) => {
    if (get(seen) === null && list.length > 0) seen.set(new Map(list.map((one) => [one.id, opsOf(one)])));
  });
}

function opsOf(view: { server: { ops: number } | null; snapshot: { ops: number } }): number {
  return view.server?.ops ?? view.snapshot.ops;
}

export function markSeen(id: string, ops: number): void {
  seen.update((map) => new Map(map ?? []).set(id, ops));
}

export const fresh: Readable<Record<string, 'new' | 'changed'>> = derived(
  [reports, seen],
  ([$reports, $seen]) => {
    const found: Record<string, 'new' | 'changed'> = {};
    if (!$seen) return found;
    for (const one of $reports) {
      const known = $seen.get(one.id);
      if (known === undefined) found[one.id] = 'new';
      else if (opsOf(one) > known) found[one.id] = 'changed';
    }
    return found;
  }
);

/** A reviewer's remark on one field, kept until the report is returned or the remark is taken back. */
export type Comment = { entity: string; field: string; label: string; text: string };

export const comments = writable<Record<string, Comment[]>>({});

export function setComment(report: string, comment: Comment): void {
  comments.update((all) => {
    const others = (all[report] ?? []).filter(
      (one) => one.entity !== comment.entity || one.field !== comment.field
    );
    return {
      ...all,
      [report]: comment.text.trim() ? [...others, { ...comment, text: comment.text.trim() }] : others
    };
  });
}

export function clearComments(report: string): void {
  comments.update((all) => ({ ...all, [report]: [] }));
}

export function returnEdits(list: Comment[], note: string): NewEdit[] {
  const edits: NewEdit[] = [
    { entity: 'review', field: 'state', value: 'returned' },
    {
      entity: 'review',
      field: 'reasons',
      value: list.map(({ entity, field, text }) => ({ entity, field, text }))
    }
  ];
  return note.trim() ? [...edits, { entity: 'review', field: 'note', value: note.trim() }] : edits;
}

export function approveEdits(seenOps: number): NewEdit[] {
  return [
    { entity: 'review', field: 'state', value: 'approved' },
    { entity: 'review', field: 'seen', value: seenOps }
  ];
}

/** Holds of the district that somebody must act on, counted from what the feed delivered. */
export const holdDues: Readable<number> = derived([reports, now], ([$reports, $now]) =>
  $reports.reduce((sum, one) => sum + one.holds.filter((hold) => isDue(hold, $now)).length, 0)
);
