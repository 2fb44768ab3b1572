/** How far each section of a report is, in the few words that its card shows. */
import { fieldValue, type Missing } from '../../sync/form';
import { entities } from '../../sync/overlay';
import type { Field, Section, Snapshot } from '../../sync/types';
import { filled } from './values';

export type Progress = { tone: 'done' | 'missing' | 'begun' | 'empty'; words: string; count: number | null };

function setTotal(field: Field): number {
  return field.options?.length ?? 0;
}

function ticked(view: Snapshot, field: Field): number {
  const found = fieldValue(view, 'report', field);
  return Array.isArray(found) ? found.length : 0;
}

function plainProgress(view: Snapshot, section: Section): Progress {
  const sets = section.fields.filter((field) => field.merge === 'set');
  const others = section.fields.filter((field) => field.merge !== 'set');
  const answered = others.filter((field) => filled(fieldValue(view, 'report', field))).length;
  const marks = sets.reduce((sum, field) => sum + ticked(view, field), 0);
  const main = sets[0];
  // The first checklist speaks for the section: the further ones show only where it calls for them.
  if (main) {
    const words = `${ticked(view, main)} of ${setTotal(main)}`;
    return { tone: marks + answered > 0 ? 'begun' : 'empty', words, count: null };
  }
  if (answered === 0) return { tone: 'empty', words: 'not begun', count: null };
  return { tone: 'begun', words: `${answered} of ${others.length}`, count: null };
}

function listProgress(view: Snapshot, section: Section): Progress {
  const count = entities(view, section.list ?? '').length;
  return count === 0 ? { tone: 'empty', words: 'none yet', count } : { tone: 'begun', words: '', count };
}

/**
 * A section that has something required and nothing missing is done. A section without required fields is never called
 * done: only the officer knows whether there is more to say.
 */
export function sectionProgress(view: Snapshot, section: Section, missing: Missing[]): Progress {
  const needed = missing.filter((one) => one.section === section.id).length;
  const base = section.list ? listProgress(view, section) : plainProgress(view, section);
  if (needed > 0) return { ...base, tone: 'missing', words: `${needed} missing` };
  const requires =
    (section.min_to_submit ?? 0) > 0 || section.fields.some((field) => field.required === 'submit');
  const nothingToRequire = section.list && base.count === 0;
  return requires && !nothingToRequire ? { ...base, tone: 'done', words: 'done' } : base;
}

/** "3 things first", "1 thing missing": the same count in every place. */
export function things(count: number, then: string): string {
  return `${count} ${count === 1 ? 'thing' : 'things'} ${then}`;
}

/** Photos and notes are captured, nested lists are shown inside their parent: neither is a card of its own twice. */
export function topSections(sections: Section[]): Section[] {
  return sections.filter((section) => !section.parent && section.list !== 'supplements');
}

/** "2 agents", "1 photo"; nothing for none. */
export function counted(count: number, one: string): string {
  return count === 0 ? '' : `${count} ${count === 1 ? one : `${one}s`}`;
}
