/** The phone's side of the vectors that phone and server share; the server's is tests/unit/sync/test_vectors.py. */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isPatch, patched } from '../src/sync/copy';
import { missing, visibleFields, fieldOf } from '../src/sync/form';
import { payload, sha256, uuid7, type Draft } from '../src/sync/op';
import { conflicts, current, empty, entities, merged, overlay, standingApart, unconfirmed, value } from '../src/sync/overlay';
import type { Copy, FormDefinition, OpPayload, Patch, Snapshot } from '../src/sync/types';

const read = <T>(path: string): T => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as T;
const INCIDENT = read<FormDefinition>('../../sync/forms/incident.v1.json');

type Named = { name: string };
type File = Record<string, unknown>;
const ran: string[] = [];

const file = <T extends File>(name: string): T => read<T>(`../../tests/vectors/${name}`);
const names = (name: string, cases: Named[]): string[] => cases.map((each) => `${name}: ${each.name}`);

/** Run a test with each case of a list, and note that it was run. */
function vectors<T extends Named>(name: string, test: (each: T) => void | Promise<void>, part = 'cases'): void {
  it.each(file(name)[part] as T[])(`${name}: $name`, (each) => {
    ran.push(...names(name, [each]));
    return test(each);
  });
}

function everyVector(): string[] {
  const found = readdirSync(new URL('../../tests/vectors', import.meta.url)).filter((name) => name.endsWith('.json'));
  return found.flatMap((name) =>
    Object.values(file(name)).flatMap((part) => (Array.isArray(part) ? names(name, part as Named[]) : []))
  );
}

type OverlayCase = Named & { home: string | null; snapshot: Snapshot | null; received: string | null; ops: OpPayload[]; again?: string[]; expect: Snapshot };
const overlays = file<{ cases: OverlayCase[] }>('overlay.json').cases;

describe('overlay, by the vectors that the server runs too', () => {
  vectors<OverlayCase>('overlay.json', (each) => {
    const first = each.ops[0] as OpPayload;
    const base = each.snapshot ?? empty(first.report, first.form, first.actor, each.home);
    const before = structuredClone(base);
    expect(overlay(base, each.ops, each.received, new Set(each.again))).toEqual(each.expect);
    expect(base).toEqual(before);
  });

  it('does not show an op twice that the snapshot already holds', () => {
    const each = overlays[1] as OverlayCase;
    const once = overlay(each.snapshot as Snapshot, each.ops, '2026-11-23T22:00:00+00:00');
    expect(overlay(once, each.ops).fields).toEqual(once.fields);
  });

  it('does not show an op again that somebody built on, where only its receipt was lost', () => {
    const each = overlays[1] as OverlayCase;
    const [mine] = each.ops as [OpPayload];
    const theirs = { ...mine, op: 'later', device: 'theirs', edits: [{ ...mine.edits[0]!, base: [mine.op], value: 'S Pulaski' }] };
    const both = overlay(each.snapshot as Snapshot, [mine, theirs]);
    expect(value(overlay(both, [mine]), 'report', 'address')).toBe('S Pulaski');
  });

  it('keeps what the server asks about a field where an own op stands among its heads already', () => {
    const view = structuredClone(overlays.find((each) => each.snapshot?.open['report']?.['notes'])?.snapshot as Snapshot);
    const [head] = view.fields['report']?.['notes'] ?? [];
    const own = { ...(overlays[1] as OverlayCase).ops[0]!, op: head!.op, edits: [{ entity: 'report', field: 'notes', base: [], value: head!.value }] };
    expect(merged(overlay(view, [own]), 'report', 'notes')).not.toBeNull();
  });
});

describe('reading what stands open, by the vectors that the server runs too', () => {
  type Case = Named & { snapshot: Snapshot; conflicts: [string, string][]; unconfirmed: [string, string][] };
  const places = (found: { entity: string; field: string }[]) => found.map(({ entity, field }) => [entity, field]);
  vectors<Case>('reading.json', (each) => {
    expect(places(conflicts(each.snapshot))).toEqual(each.conflicts);
    expect(places(unconfirmed(each.snapshot))).toEqual(each.unconfirmed);
    expect(standingApart(each.snapshot)).toHaveLength(each.conflicts.length + each.unconfirmed.length);
  });

  it('a merged text is never given as a value: it is asked for by its name, so that it can be labelled (P3)', () => {
    const view = file<{ cases: Case[] }>('reading.json').cases.find((each) => each.unconfirmed.length > 0)!.snapshot;
    expect(value(view, 'report', 'notes')).toBeUndefined();
    expect(current(view, 'report', 'notes')).toHaveLength(2);
    const found = merged(view, 'report', 'notes');
    expect(found?.text).toBe('Two agents stopped a white car. Nobody was hurt. They left at ten.');
    expect(found?.heads).toEqual(view.fields['report']?.['notes']);
    expect(merged(view, 'report', 'address')).toBeNull();
    expect(merged(view, 'report', 'nothing')).toBeNull();
  });
});

describe('changes of the feed, by the vectors that the server runs too', () => {
  type Case = Named & { copy: Copy; change: Patch; expect: Copy | null };
  vectors<Case>('patch.json', (each) => {
    const before = structuredClone(each.copy);
    expect(isPatch(each.change)).toBe(true);
    expect(patched(each.copy, each.change)).toEqual(each.expect);
    expect(each.copy).toEqual(before);
  });
});

describe('op, by the vectors that the server runs too', () => {
  type Case = Named & { draft: Omit<Draft, 'at'> & { at: string }; payload: OpPayload; text: string; sha256: string };
  vectors<Case>('op.json', async (each) => {
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
  type Case = Named & { snapshot: Snapshot; missing: unknown[] };
  const { form } = file<{ form: FormDefinition }>('form-rules.json');
  vectors<Case>('form-rules.json', (each) => {
    expect(missing(form, each.snapshot)).toEqual(each.missing);
  });

  const asks = (each: Case): void => expect(missing(INCIDENT, each.snapshot)).toEqual(each.missing);
  vectors<Case>('form.json', asks, 'missing');

  type Visible = Named & { owner: string; field: string; values: Record<string, unknown[]>; visible: boolean };
  const shows = (each: Visible): void => {
    const field = fieldOf(INCIDENT, each.owner === 'report' ? null : each.owner, each.field);
    const shown = field ? visibleFields([field], (id) => each.values[id] ?? []) : [];
    expect(shown.length === 1).toBe(each.visible);
  };
  vectors<Visible>('form.json', shows, 'visible');
});

describe('reading a view', () => {
  const view = (name: string): Snapshot => {
    const found = overlays.find((each) => each.name.startsWith(name));
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

describe('the shared vectors', () => {
  it('are run each and all, whoever adds one: a rule that only one side keeps is no shared rule', () => {
    expect([...ran].sort()).toEqual(everyVector().sort());
    expect(new Set(ran).size).toBe(ran.length);
  });
});

describe('an op that the snapshot was built on', () => {
  const edit = (op: string, base: string[], value: string): OpPayload => ({
    v: 1, op, device: 'd', n: 1, prev: null, actor: 'a', report: 'r', kind: 'edit',
    edits: [{ entity: 'report', field: 'address', base, value }],
    form: { id: 'incident', version: 1 }, time: { wall: '2026-11-23T21:00:00.000Z', utc_offset: 0, beacon: null }
  });
  const [a, b, c] = [edit('a', [], 'first'), edit('b', ['a'], 'second'), edit('c', ['b'], 'third')];
  const server = overlay(empty('r', { id: 'incident', version: 1 }, 'a', null), [a, b, c]);

  it('does not come back beside it, however far back it lies', () => {
    for (const again of [[a, b, c], [a, b], [b]]) {
      expect(overlay(server, again).fields['report']?.['address']?.map((head) => head.value)).toEqual(['third']);
    }
  });
});
