/** Snapshots, versions and kept changes for the tests of the desk's rules. */
import { readFileSync } from 'node:fs';
import { empty } from '../../sync/overlay';
import type { Catalog, Entity, FormDefinition, Quarantined, ReportState, Snapshot, Version } from '../../sync/types';
import type { Naming } from './labels';

/** The definition that the server serves. */
const DEFINITION = new URL('../../../../sync/forms/incident.v1.json', import.meta.url);
export const form = JSON.parse(readFileSync(DEFINITION, 'utf8')) as FormDefinition;

export const naming: Naming = {
  catalog: { options: { agencies: [{ id: 'ice_ero', label: 'ICE-ERO' }] } } as unknown as Catalog,
  people: { u1: { name: 'Ana Ruiz', star: '12345' } }
};

export function version(op: string, value: unknown, over: Partial<Version> = {}): Version {
  const at = '2026-11-24T03:14:00.000Z';
  const times = { wall: at, offset: -360, received: at, not_before: null };
  return { op, actor: 'u1', device: 'd1', ...times, base: [], value, ...over };
}

type Parts = {
  state?: ReportState;
  fields?: Snapshot['fields'];
  entities?: Record<string, Partial<Entity>>;
  open?: Snapshot['open'];
  settled?: Snapshot['settled'];
};

export function snapshot({ state, fields, entities, open, settled }: Parts = {}): Snapshot {
  const made = empty('r1', { id: 'incident', version: 1 }, 'u1', '010');
  const each = Object.entries(entities ?? {}).map(
    ([id, entity]) => [id, { list: 'agents', parent: null, removed: false, flagged: false, ...entity }] as const
  );
  return {
    ...made,
    state: state ?? 'submitted',
    fields: fields ?? {},
    entities: Object.fromEntries(each),
    open: open ?? {},
    settled: settled ?? []
  };
}

export function kept(op: string, over: Partial<Quarantined> = {}): Quarantined {
  const times = { wall: '2026-11-24T03:14:00.000Z', received: '2026-11-24T12:05:00.000Z', not_before: null };
  const edits = [{ entity: 'report', field: 'address', base: [], value: 'the east corner' }];
  const who = { kind: 'edit', actor: 'u1', device: 'd1' } as const;
  return { op, sha256: `hash of ${op}`, ...who, reason: 'report_locked', ...times, edits, ...over };
}
