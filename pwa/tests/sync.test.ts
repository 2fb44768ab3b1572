import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { missing, visibleFields, fieldOf } from '../src/sync/form';
import { payload, sha256, uuid7, type Draft } from '../src/sync/op';
import { conflicts, current, empty, entities, overlay, value } from '../src/sync/overlay';
import type { FormDefinition, OpPayload, Snapshot } from '../src/sync/types';

const read = <T>(path: string): T => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as T;
const INCIDENT = read<FormDefinition>('../../sync/forms/incident.v1.json');

describe('overlay, by the vectors that the server runs too', () => {
  type Case = { name: string; home: string | null; snapshot: Snapshot | null; received: string | null; ops: OpPayload[]; expect: Snapshot };
  it.each(read<{ cases: Case[] }>('../../tests/vectors/overlay.json').cases)('$name', (each) => {
    const first = each.ops[0] as OpPayload;
    const base = each.snapshot ?? empty(first.report, first.form, first.actor, each.home);
    const before = structuredClone(base);
    expect(overlay(base, each.ops, each.received)).toEqual(each.expect);
    expect(base).toEqual(before);
  });

  it('does not show an op twice that the snapshot already holds', () => {
    const each = read<{ cases: Case[] }>('../../tests/vectors/overlay.json').cases[1] as Case;
    const once = overlay(each.snapshot as Snapshot, each.ops);
    expect(current(overlay(once, each.ops), 'report', 'address')).toHaveLength(1);
  });
});

describe('op, by the vectors that the server runs too', () => {
  type Case = { name: string; draft: Omit<Draft, 'at'> & { at: string }; payload: OpPayload; text: string; sha256: string };
  it.each(read<{ cases: Case[] }>('../../tests/vectors/op.json').cases)('$name', async (each) => {
    const made = payload({ ...each.draft, at: new Date(each.draft.at) });
    expect(made).toEqual(each.payload);
    expect(JSON.stringify(made)).toBe(each.text);
    expect(await sha256(each.text)).toBe(each.sha256);
  });

  it('ids sort in the order in which they were made, also within a millisecond and when the clock goes back', () => {
    const times = [5000, 5000, 5000, 4000, 5001, 5001];
    const ids = [...times, ...Array.from({ length: 5000 }, () => 5001)].map((time) => uuid7(time));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('form, by the vectors that the server runs too', () => {
  type Rules = { form: FormDefinition; cases: { name: string; snapshot: Snapshot; missing: unknown[] }[] };
  const rules = read<Rules>('../../tests/vectors/form-rules.json');
  it.each(rules.cases)('$name', (each) => {
    expect(missing(rules.form, each.snapshot)).toEqual(each.missing);
  });

  type Visible = { name: string; owner: string; field: string; values: Record<string, unknown[]>; visible: boolean };
  const incident = read<{ missing: Rules['cases']; visible: Visible[] }>('../../tests/vectors/form.json');
  it.each(incident.missing)('incident: $name', (each) => {
    expect(missing(INCIDENT, each.snapshot)).toEqual(each.missing);
  });

  it.each(incident.visible)('incident: $name', (each) => {
    const field = fieldOf(INCIDENT, each.owner === 'report' ? null : each.owner, each.field);
    const shown = field ? visibleFields([field], (id) => each.values[id] ?? []) : [];
    expect(shown.length === 1).toBe(each.visible);
  });
});

describe('reading a view', () => {
  type Case = { name: string; expect: Snapshot };
  const cases = read<{ cases: Case[] }>('../../tests/vectors/overlay.json').cases;
  const view = (name: string): Snapshot => {
    const found = cases.find((each) => each.name.startsWith(name));
    if (!found) throw new Error(name);
    return found.expect;
  };

  it('one head is a value, several a conflict, equal ones are one', () => {
    expect(value(view('an op supersedes'), 'report', 'address')).toBe('W 26th St & Pulaski');
    expect(value(view('an op that saw nothing'), 'report', 'address')).toBeUndefined();
    expect(conflicts(view('an op that saw nothing')).map((each) => each.field)).toEqual(['address']);
    expect(current(view('three heads'), 'report', 'address')).toHaveLength(2);
    expect(value(view('a first op'), 'report', 'nothing')).toBeUndefined();
  });

  it('steps of the review that had not seen each other are no conflict', () => {
    const op = view('an op that saw nothing');
    const [one, two] = op.fields['report']?.['address'] ?? [];
    if (!one || !two) throw new Error('two heads');
    op.fields = { review: { state: [{ ...one, value: 'returned' }, { ...two, value: 'submitted' }] } };
    expect(conflicts(op)).toEqual([]);
  });

  it('in a checklist adding wins and nothing is in conflict', () => {
    const both = view('a checklist member added by one');
    expect(value(both, 'report', 'observed/mask')).toBe(true);
    expect(conflicts(both)).toEqual([]);
  });

  it('lists the entities that stand, in order of creation, by parent where one is asked for', () => {
    const two = view('an entity with its first values');
    expect(entities(two, 'agents')).toHaveLength(2);
    expect(entities(two, 'agents')[0]).toMatch(/e1$/);
    expect(entities(two, 'agents', null)).toHaveLength(2);
    const nested = view('a nested entity');
    expect(entities(nested, 'attempts', entities(nested, 'agents')[0])).toHaveLength(1);
    expect(entities(nested, 'attempts', null)).toEqual([]);
    expect(entities(view('an entity is removed'), 'agents')).toEqual([]);
    expect(entities(view('an edit that the remover'), 'agents')).toHaveLength(1);
  });
});
