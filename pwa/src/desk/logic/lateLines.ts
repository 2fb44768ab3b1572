/** What a late change says, field by field, beside what stands there now. */
import { editsOf } from '../../sync/late';
import { ENTITY, REPORT, current } from '../../sync/overlay';
import type { FormDefinition, Quarantined, Snapshot } from '../../sync/types';
import { compareWords, type Piece } from '../../ui/words';
import { fieldLabel, fieldOf, sectionOfList, valueWords, type Naming } from './labels';
import { wordsOf, type LateLine } from './late';
import { entityName } from './names';

export type LateRow = LateLine & {
  key: string;
  now: string;
  compared: { left: Piece[]; right: Piece[] };
  restricted: boolean;
};

export function lateRows(one: Quarantined, form: FormDefinition, snapshot: Snapshot, naming: Naming): LateRow[] {
  const made = madeLists(one);
  return wordsOf(one).map(({ entity, field, value }) => {
    const list = entity === REPORT ? null : (snapshot.entities[entity]?.list ?? made.get(entity) ?? null);
    const definition = fieldOf(form, list, field);
    const words = (each: unknown): string => valueWords(definition, each, naming) || 'nothing';
    const item = sectionOfList(form, list)?.item ?? 'Entry';
    const owner = entity === REPORT ? '' : entityName(form, snapshot, entity) || `${item} (only in this change)`;
    const late = field === ENTITY ? 'removed' : words(value);
    const now = field === ENTITY ? standing(snapshot, entity) : nowWords(snapshot, entity, field, words);
    return {
      key: `${entity}/${field}`,
      label: [owner, field === ENTITY ? '' : fieldLabel(form, list, field, naming.catalog)].filter(Boolean).join(' · '),
      words: late,
      now,
      compared: compareWords(now, late),
      restricted: definition?.sensitivity === 'restricted'
    };
  });
}

/** Entities that only the late change itself would make. */
function madeLists(one: Quarantined): Map<string, string> {
  const making = editsOf(one).filter((edit) => edit.field === ENTITY && edit.value !== null);
  return new Map(making.map((edit) => [edit.entity, (edit.value as { list?: string }).list ?? '']));
}

function standing(snapshot: Snapshot, entity: string): string {
  return snapshot.entities[entity]?.removed ? 'removed' : 'in the report';
}

function nowWords(snapshot: Snapshot, entity: string, field: string, words: (value: unknown) => string): string {
  const values = current(snapshot, entity, field);
  return values.length === 0 ? 'nothing' : values.map((head) => words(head.value)).join(' / ');
}
