/** Words that were not taken in or not kept: where they stand, and what a person can do to say them again. */
import { editsOf } from '../../sync/late';
import { ENTITY } from '../../sync/overlay';
import type { Catalog, FormDefinition, Quarantined, Snapshot } from '../../sync/types';
import { dateTimeOffset } from '../../ui/time';
import { waitsForYou, wordsOf, writable, type Kept } from './kept';
import { links } from './place';
import { fieldFor, fieldLabel, inWords, sectionOfList } from './values';

/** A value as it was written once, by the key of a kept change or the op of a version that was not kept. */
export function writtenAs(
  view: { snapshot: Snapshot; quarantined: Quarantined[] },
  source: string,
  entity: string,
  field: string
): { value: unknown; kept: Quarantined | null } | null {
  const kept = view.quarantined.find((one) => one.sha256 === source);
  const edit = kept?.edits?.find((one) => one.entity === entity && one.field === field);
  if (kept && edit) return { value: edit.value, kept };
  const passed = view.snapshot.settled
    .filter((one) => one.entity === entity && one.field === field)
    .flatMap((one) => one.not_kept)
    .find((head) => head.op === source);
  return passed ? { value: passed.value, kept: null } : null;
}

export type Line = { entity: string; field: string; label: string; words: string };

/** What a kept change would have written, each value with its label. */
export function linesOf(
  view: Snapshot,
  form: FormDefinition | null,
  catalog: Catalog | null,
  one: Quarantined
): Line[] {
  const makings = editsOf(one).filter((edit) => edit.field === ENTITY);
  const lists = new Map(makings.map((edit) => [edit.entity, listOf(edit.value)]));
  return wordsOf(one).map(({ entity, field, value }) => {
    // An entity that only this change would have made has no place in the report, but its list has a section.
    const made = view.entities[entity] ? undefined : sectionOfList(form, lists.get(entity) ?? '');
    const own = made?.fields.find((each) => each.id === field.split('/')[0]);
    const definition = own ?? fieldFor(view, form, entity, field);
    const label = made ? `${made.item ?? made.title} · ${own?.label ?? field}` : fieldLabel(view, form, entity, field);
    const member = field.split('/')[1];
    const element = member ? definition?.options?.find((each) => each.id === member)?.label : undefined;
    const words = inWords(value, member ? undefined : definition, catalog);
    return { entity, field, label: element ? `${label} · ${element}` : label, words };
  });
}

function listOf(value: unknown): string {
  return (value as { list?: string } | null)?.list ?? '';
}

export type Again = { href: string; label: string };

/** The ways to say the words of a kept change again, in the state that the report is in now. */
export function waysAgain(view: Snapshot, form: FormDefinition | null, kept: Kept): Again[] {
  const { one } = kept;
  const edits = wordsOf(one);
  if (!waitsForYou(kept) || edits.length === 0) return [];
  if (one.kind === 'hold') return [{ href: links.capture('hold', view.report), label: 'Ask for a new hold' }];
  if (view.state === 'approved') {
    return [{ href: links.supplement(view.report, kept.key), label: 'Write it as a supplement' }];
  }
  const fields = edits.filter((edit) => writable(view, edit));
  return fields.map(({ entity, field }) => ({
    href: links.again(view.report, kept.key, entity, field),
    label: fields.length === 1 ? 'Write it again' : `Write again: ${fieldLabel(view, form, entity, field)}`
  }));
}

/** The words of a change that came too late, as the beginning of a supplement: what, and when it was written. */
export function supplementText(lines: Line[], one: Quarantined, offset: number): string {
  const said = lines.map((line) => `${line.label}: “${line.words}”`);
  return [`Written ${dateTimeOffset(one.wall, offset)}; it arrived after the report was approved.`, ...said].join('\n');
}
