import { readable, writable, type Writable } from 'svelte/store';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { empty } from '../../sync/overlay';
import type { Snapshot, Version } from '../../sync/types';

type Saved = { entity: string; field: string; value: unknown; base?: string[] };
const outbox = vi.hoisted(() => ({ saved: [] as Saved[], view: null as unknown }));

vi.mock('../../outbox', () => ({
  report: () => outbox.view ?? readable(null),
  save: async (_report: string, edits: Saved[]) => {
    outbox.saved.push(...edits);
    const view = outbox.view as Writable<{ snapshot: Snapshot }>;
    view.update(({ snapshot }) => ({ snapshot: after(snapshot, edits[0]!) }));
  }
}));

const { FieldWriter } = await import('./writer');

function version(op: string, value: unknown): Version {
  return { op, actor: 'a', device: 'd', wall: '', offset: 0, received: null, not_before: null, base: [], value };
}

/** As the overlay does: the new op takes the place of what it names as its base. */
function after(snapshot: Snapshot, edit: Saved): Snapshot {
  const before = snapshot.fields['report']?.['address'] ?? [];
  // Nothing written over nothing makes no op.
  if (before.length === 0 && edit.value === '') return snapshot;
  const kept = before.filter((head) => !edit.base?.includes(head.op));
  const heads = [...kept, version(`own-${outbox.saved.length}`, edit.value)];
  return { ...snapshot, fields: { report: { address: heads } } };
}

describe('writing a field while the feed goes on', () => {
  let view: Writable<{ snapshot: Snapshot }>;
  const shown = (heads: Version[]): Snapshot => ({
    ...empty('r', { id: 'incident', version: 1 }, 'a', null),
    fields: { report: { address: heads } }
  });

  beforeEach(() => {
    outbox.saved = [];
    view = writable({ snapshot: shown([version('first', 'A')]) });
    outbox.view = view;
  });

  it('names what its author saw, then its own last op', async () => {
    const writer = new FieldWriter('r', 'report', 'address');
    writer.begin(shown([version('first', 'A')]));
    await writer.write('A b');
    await writer.write('A b c');
    expect(outbox.saved.map((edit) => edit.base)).toEqual([['first'], ['own-1']]);
  });

  it('never takes over a version that arrived unseen behind the typed text', async () => {
    const writer = new FieldWriter('r', 'report', 'address');
    writer.begin(shown([version('first', 'A')]));
    view.set({ snapshot: shown([version('first', 'A'), version('elsewhere', 'Z')]) });
    await writer.write('A b');
    await writer.write('A b c');
    expect(outbox.saved.flatMap((edit) => edit.base)).not.toContain('elsewhere');
  });

  it('goes on after a reload from what was seen and what was written oneself, and nothing else', async () => {
    const others = { ...version('elsewhere', 'Z'), actor: 'b' };
    const own = version('own-before', 'A b');
    view.set({ snapshot: shown([own, others]) });
    const writer = new FieldWriter('r', 'report', 'address');
    writer.resume(shown([own, others]), ['first'], 'a');
    expect(writer.base).toEqual(['own-before']);
    await writer.write('A b c');
    expect(outbox.saved[0]?.base).toEqual(['own-before']);
  });

  it('does not wait for an op when nothing was written over nothing', async () => {
    view.set({ snapshot: shown([]) });
    const writer = new FieldWriter('r', 'report', 'address');
    writer.begin(shown([]));
    outbox.saved = [];
    await Promise.race([
      writer.write(''),
      new Promise((_, late) => setTimeout(() => late(new Error('late')), 1000))
    ]);
  });
});
