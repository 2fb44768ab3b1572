/** Names of the entities of a report as every tab of the desk says them: "Agent 2", "Agent 2, attempt 3". */
import { entities } from '../../sync/overlay';
import type { FormDefinition, Snapshot } from '../../sync/types';
import { sectionOfList } from './labels';

/** Empty where the snapshot does not know the entity, or where it no longer stands. */
export function entityName(form: FormDefinition, snapshot: Snapshot, entity: string): string {
  const known = snapshot.entities[entity];
  if (!known?.list) return '';
  const section = sectionOfList(form, known.list);
  const item = section?.item ?? known.list;
  if (known.removed) return `${item} (removed)`;
  const siblings = entities(snapshot, known.list, section?.parent ? known.parent : undefined);
  const own = siblings.length > 1 ? `${item} ${siblings.indexOf(entity) + 1}` : item;
  const parent = section?.parent && known.parent ? entityName(form, snapshot, known.parent) : '';
  return parent ? `${parent}, ${own.toLowerCase()}` : own;
}
