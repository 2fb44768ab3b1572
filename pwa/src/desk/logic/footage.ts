/** The cameras of a report, each with the hold that was asked for. */
import type { FormDefinition, HoldStatus, Snapshot } from '../../sync/types';
import { listFacts, type Fact } from './facts';
import type { Naming } from './labels';

export type Camera = { entity: string; title: string; facts: Fact[]; hold: HoldStatus | null };

export function cameras(
  form: FormDefinition,
  view: { snapshot: Snapshot; holds: HoldStatus[] },
  naming: Naming
): Camera[] {
  return listFacts(form, 'footage', view.snapshot, naming).map((group) => {
    const words = (id: string): string => group.facts.find((one) => one.field === id)?.words.join(' / ') ?? '';
    const star = words('wearer_star');
    return {
      entity: group.entity,
      title: [words('kind') || group.title, star && `star ${star}`, !star && words('place')]
        .filter(Boolean)
        .join(' · '),
      facts: group.facts.filter((one) => !one.empty),
      hold: view.holds.find((one) => one.footage === group.entity) ?? null
    };
  });
}
