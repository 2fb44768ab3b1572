/** The queue of a district: what a row says, which row is urgent, and which rows a filter leaves. */
import { REPORT, REVIEW, conflicts, current, entities, heads, standingApart, unconfirmed } from '../../sync/overlay';
import type { HoldStatus, Quarantined, ReportState, Snapshot, Version } from '../../sync/types';
import { flagged } from '../../sync/disputes';
import { byUrgency, daysUntil, isDue } from './holds';
import { countOpen, lateOf, type LateKind } from './late';

export type HoldNote = { state: string; days: number | null; due: boolean; count: number } | null;

/** Everything a row shows and is sorted by, worked out once for each change of the report. */
export type Row = {
  id: string;
  place: string;
  when: string | null;
  beat: string | null;
  state: ReportState;
  since: string | null;
  agents: number;
  photos: number;
  hold: HoldNote;
  conflicts: number;
  /** Texts put together from two that nobody has confirmed. */
  merged: number;
  /** Entries that one person removed while another wrote in them. */
  flagged: number;
  /** Changes that are kept without being applied, by what they wait for. */
  late: Record<LateKind, number>;
  /** Decisions that are only on this computer. */
  pending: number;
  rank: number;
  clock: number;
  why: string;
  words: string;
};

export type Readable = {
  id: string;
  snapshot: Snapshot;
  holds: HoldStatus[];
  quarantined: Quarantined[];
  pending: number;
};

/** The text of a field of the report; of several in conflict the first, because the row says "conflict" beside it. */
function textValue(snapshot: Snapshot, field: string): string | null {
  const found = current(snapshot, REPORT, field)[0]?.value;
  return typeof found === 'string' && found.trim() !== '' ? found.trim() : null;
}

export function placeOf(snapshot: Snapshot): string {
  return textValue(snapshot, 'address') ?? 'Place not given';
}

export function whenOf(snapshot: Snapshot): string | null {
  return textValue(snapshot, 'occurred_from') ?? textValue(snapshot, 'arrived');
}

/** The op that put the report into its present state: who submitted, returned or approved, and when. */
export function stateVersion(snapshot: Snapshot): Version | null {
  return heads(snapshot, REVIEW, 'state').at(-1) ?? null;
}

const AT_ONCE_MS = 5 * 60_000;

/** Whether the server got a version at another time than its device says that it was made. */
export function arrivedLate(of: Pick<Version, 'wall' | 'received'>): boolean {
  return of.received !== null && Math.abs(Date.parse(of.received) - Date.parse(of.wall)) > AT_ONCE_MS;
}

/** How many questions of a report wait for a person's word, whatever they are about. */
export function openQuestions(row: Pick<Row, 'conflicts' | 'merged' | 'flagged'>): number {
  return row.conflicts + row.merged + row.flagged;
}

function holdNote(holds: HoldStatus[], now: number): HoldNote {
  const first = byUrgency(holds, now)[0];
  if (!first) return null;
  return {
    state: first.state,
    days: daysUntil(first.destroy_on, now),
    due: isDue(first, now),
    count: holds.length
  };
}

function time(iso: string | null | undefined, fallback: number): number {
  const at = iso ? Date.parse(iso) : Number.NaN;
  return Number.isNaN(at) ? fallback : at;
}

const LATEST = Number.MAX_SAFE_INTEGER;

/** Rank 0 is looked at first. The clock orders within a rank, smaller first. */
function urgency(
  row: Omit<Row, 'rank' | 'clock' | 'why' | 'words'>,
  report: Readable,
  now: number
): Pick<Row, 'rank' | 'clock' | 'why'> {
  if (row.hold?.due) {
    const dates = report.holds.filter((hold) => isDue(hold, now)).map((hold) => time(hold.destroy_on, LATEST));
    return { rank: 0, clock: Math.min(...dates), why: 'hold due' };
  }
  const since = time(row.since, LATEST);
  if (row.conflicts + row.merged > 0) {
    const walls = standingApart(report.snapshot).flatMap((one) =>
      one.heads.map((head) => time(head.received ?? head.wall, LATEST))
    );
    return { rank: 1, clock: Math.min(...walls, LATEST), why: row.conflicts > 0 ? 'conflict' : 'to confirm' };
  }
  if (row.late.late > 0) {
    const waiting = lateOf(report.snapshot, report.quarantined).filter((one) => one.kind === 'late' && !one.settled);
    const arrivals = waiting.map((late) => time(late.one.received, LATEST));
    return { rank: 1, clock: Math.min(...arrivals, LATEST), why: 'late' };
  }
  if (row.state === 'submitted') return { rank: 2, clock: since, why: 'waiting for review' };
  if (row.late.step + row.late.update > 0) return { rank: 3, clock: since, why: 'not applied' };
  if (row.state === 'returned') return { rank: 4, clock: since, why: 'with the officer' };
  if (row.state === 'draft') return { rank: 5, clock: -time(row.when, 0), why: 'being written' };
  return { rank: 6, clock: -time(row.since, 0), why: 'approved' };
}

const SEARCHED = ['address', 'beat', 'event_number', 'rd_number', 'occurred_from'];

/**
 * The words a search looks through: place, beat, numbers and the officer. What is said about agents and people is
 * left out on purpose, so that the queue is no directory of agents (18 USC 119).
 */
function searchText(snapshot: Snapshot, officer: string): string {
  const words = SEARCHED.map((field) => textValue(snapshot, field) ?? '');
  return [...words, officer].join(' ').toLowerCase();
}

export function rowOf(report: Readable, now: number, officer = ''): Row {
  const { snapshot } = report;
  const state = stateVersion(snapshot);
  const base = {
    id: report.id,
    place: placeOf(snapshot),
    when: whenOf(snapshot),
    beat: textValue(snapshot, 'beat'),
    state: snapshot.state,
    since: state ? (state.received ?? state.wall) : null,
    agents: entities(snapshot, 'agents').length,
    photos: entities(snapshot, 'photos').length,
    hold: holdNote(report.holds, now),
    conflicts: conflicts(snapshot).length,
    merged: unconfirmed(snapshot).length,
    flagged: flagged(snapshot).length,
    late: countOpen(snapshot, lateOf(snapshot, report.quarantined)),
    pending: report.pending
  };
  return { ...base, ...urgency(base, report, now), words: searchText(snapshot, officer) };
}

export function mostUrgentFirst(rows: Row[]): Row[] {
  return [...rows].sort((a, b) => a.rank - b.rank || a.clock - b.clock || a.id.localeCompare(b.id));
}

export type Filter = { state: ReportState | 'all'; conflict: boolean; holdDue: boolean; text: string };
export const NO_FILTER: Filter = { state: 'all', conflict: false, holdDue: false, text: '' };

export function isFiltered(filter: Filter): boolean {
  return filter.state !== 'all' || filter.conflict || filter.holdDue || filter.text.trim() !== '';
}

export function filtered(rows: Row[], filter: Filter): Row[] {
  const wanted = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(
    (row) =>
      (filter.state === 'all' || row.state === filter.state) &&
      (!filter.conflict || openQuestions(row) > 0) &&
      (!filter.holdDue || row.hold?.due === true) &&
      wanted.every((word) => row.words.includes(word))
  );
}
