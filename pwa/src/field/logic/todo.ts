/** What waits for a person's decision before a report can be signed off, and where it is made. */
import type { FormDefinition, Snapshot } from '../../sync/types';
import { disputes, flagged } from '../../sync/disputes';
import { links } from './place';
import { entityName, fieldLabel, sectionOfList } from './values';

export type Todo = {
  kind: 'conflict' | 'merged' | 'flagged';
  href: string;
  label: string;
  what: string;
  doing: string;
};

export const MERGED = 'Merged from two texts, not confirmed yet';

export function valuesApart(count: number): string {
  return `${count} values stand beside each other`;
}

export function todos(view: Snapshot, form: FormDefinition | null): Todo[] {
  const fields = disputes(view).map(({ entity, field, values, merged }): Todo => {
    const kind = merged === null ? 'conflict' : 'merged';
    const what = kind === 'merged' ? MERGED : valuesApart(values.length);
    const doing = kind === 'merged' ? 'Read and confirm' : 'Compare and choose';
    const label = fieldLabel(view, form, entity, field);
    return { kind, href: links.conflict(view.report, entity, field), label, what, doing };
  });
  const entries = flagged(view).map(({ entity }): Todo => {
    const section = sectionOfList(form, view.entities[entity]?.list ?? '');
    return {
      kind: 'flagged',
      href: section ? links.entity(view.report, section.id, entity) : links.report(view.report),
      label: section ? entityName(view, section, entity) : 'An entry',
      what: 'removed by one person while another wrote in it',
      doing: 'Keep it or remove it'
    };
  });
  return [...fields, ...entries];
}
