/** Changes that the server keeps without applying them: whose they are, and what became of them. */
import { MENDS_ITSELF, decision, editsOf, isPassed } from '../../sync/late';
import { ENTITY, REPORT, REVIEW } from '../../sync/overlay';
import type { Edit, Quarantined, Snapshot, Version } from '../../sync/types';
import { isOpen } from './reports';

export type Ending = 'correction' | 'supplement' | 'dismissed';

export type Kept = {
  /** Two entries may bear one op's id; their hashes differ. */
  key: string;
  one: Quarantined;
  own: boolean;
  /** Time or an update brings it in; nobody has to do anything. */
  mends: boolean;
  /** A step of the review that it has gone past, or a word about another kept change, which still stands listed. */
  passed: boolean;
  /** What became of it, who said so and when; null while it is open. */
  ended: { as: Ending; by: Version } | null;
};

/** The entries of a report, those that wait first. */
export function keptOf(view: Snapshot, quarantined: Quarantined[], user: string): Kept[] {
  const all = quarantined.map((one) => entryOf(view, one, user));
  return [...all.filter(isOpenEntry), ...all.filter((each) => !isOpenEntry(each))];
}

/** Whether it is not yet known what becomes of it. */
export function isOpenEntry(kept: Kept): boolean {
  return !kept.ended && !kept.passed;
}

function entryOf(view: Snapshot, one: Quarantined, user: string): Kept {
  const by = decision(view, one);
  const ended = by ? { as: by.value as Ending, by } : null;
  const mends = MENDS_ITSELF.has(one.reason);
  // What the server has not received is on this phone alone, whoever is named in it.
  const own = one.actor === user || one.received === null;
  return { key: one.sha256, one, own, mends, passed: isPassed(view, one), ended };
}

/** The words that an entry would have written, without what only makes or removes an entity. */
export function wordsOf(one: Quarantined): Edit[] {
  return editsOf(one).filter((edit) => edit.entity !== REVIEW && edit.field !== ENTITY && !isEmpty(edit.value));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '';
}

/** Whether a field can be written again as it is: its entity stands, and the report may be changed. */
export function writable(view: Snapshot, edit: Edit): boolean {
  if (!isOpen({ snapshot: view }) || edit.field.includes('/')) return false;
  const entity = view.entities[edit.entity];
  return edit.entity === REPORT || (entity !== undefined && !entity.removed);
}

/** Whether the person who reads has something to do about it. */
export function waitsForYou(kept: Kept): boolean {
  return kept.own && isOpenEntry(kept) && !kept.mends;
}

/** Only what the server has can be settled there. A photo that waits on this phone is no op of its own. */
export function canBeSettled(kept: Kept): boolean {
  return waitsForYou(kept) && kept.one.received !== null;
}
