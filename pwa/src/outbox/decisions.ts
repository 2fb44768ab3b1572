/** What a person decides about words that stand aside: kept ops, merged texts, and notices of what was not kept. */
import { currentUser } from '../session';
import { uuid7 } from '../sync/op';
import { keptField, keptName, writtenBy } from '../sync/late';
import { ENTITY, REVIEW, merged } from '../sync/overlay';
import type { Quarantined } from '../sync/types';
import { changed } from './bus';
import { SaveFailed } from './errors';
import { storeOf } from './here';
import type { NewEdit, Notice, ReportView } from './types';
import { write } from './write';

const CONFIRMED = 'Merged text read and confirmed';

function required(reason: string): string {
  const said = reason.trim();
  if (!said) throw new SaveFailed('reason_missing');
  return said;
}

function mark(name: string, value: 'dismissed' | 'correction' | 'supplement'): NewEdit {
  return { entity: REVIEW, field: keptField(name), value };
}

/** Say that a kept op needs nothing more; its words stay listed. Officers for their own ops, the desk for any. */
export async function dismiss(report: string, op: string, reason: string): Promise<void> {
  // The hash of an op without an id of its own is its name.
  const name = op.replace(/^sha256:/, '');
  await write({ report, kind: 'dismiss', edits: () => [mark(name, 'dismissed')], reason: required(reason) });
}

/** Take the words of a kept op in as they were written, as if they had come in time. For the desk. */
export async function admitCorrection(report: string, entry: Quarantined, reason: string): Promise<void> {
  const edits = (): NewEdit[] => [mark(keptName(entry), 'correction')];
  if (!entry.edits) throw new SaveFailed('not_whole');
  await write({ report, kind: 'admit', edits, verbatim: entry.edits, reason: required(reason) });
}

/** Add the words of a kept op to an approved report as a supplement in the desk's words; the supplement's id. */
export async function admitSupplement(
  report: string,
  entry: Quarantined,
  text: string,
  reason: string
): Promise<string> {
  const entity = uuid7();
  const edits = (): NewEdit[] => [
    mark(keptName(entry), 'supplement'),
    { entity, field: ENTITY, value: { list: 'supplements', parent: null } },
    { entity, field: 'text', value: text }
  ];
  await write({ report, kind: 'admit', edits, reason: required(reason) });
  return entity;
}

/**
 * Confirm a text that the server merged from two. Give the text that the person read: where it changed meanwhile
 * nothing is confirmed, and SaveFailed `changed_meanwhile` is raised.
 */
export async function confirmMerged(report: string, entity: string, field: string, read?: string): Promise<void> {
  await write({
    report,
    kind: 'resolve',
    edits: (view) => {
      const now = merged(view, entity, field);
      if (!now || (read !== undefined && read !== now.text)) throw new SaveFailed('changed_meanwhile');
      return [{ entity, field, value: now.text }];
    },
    reason: CONFIRMED
  });
}

/** What others settled without keeping this person's words, newest first, until dismissed on this device. */
export function noticesOf(view: Pick<ReportView, 'snapshot' | 'dismissed'>, me: string): Notice[] {
  return view.snapshot.settled
    .filter((each) => each.actor !== me)
    .map((each) => ({
      ...each,
      key: `${each.op} ${each.entity} ${each.field}`,
      mine: each.not_kept.filter((version) => writtenBy(version).actor === me)
    }))
    .filter((each) => each.mine.length > 0 && !view.dismissed.includes(each.key))
    .reverse();
}

/** Show a notice no more on this device. */
export async function dismissNotice(report: string, notice: Pick<Notice, 'key'>): Promise<void> {
  const user = currentUser();
  if (!user) throw new SaveFailed('no_user');
  await storeOf(user.id).dismissNotice(report, notice.key);
  changed({ user: user.id, reports: [report] });
}
