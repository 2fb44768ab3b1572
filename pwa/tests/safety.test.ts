/** What is only on this phone is counted before anything reads as saved, and nothing is claimed uncounted (P7). */
import { get } from 'svelte/store';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { phone, reopen, type Phone } from './cast';

let p: Phone;

beforeEach(async () => {
  p = await phone();
});

const words = (value: string) => [{ entity: 'report', field: 'narrative', value }];

describe('what is saved', () => {
  it('counts as only on this phone from the moment it reads as saved, however long the screens are built (P7)', async () => {
    const id = await p.outbox.newReport(words('there'));
    await p.sync();
    expect(get(p.outbox.safety)).toMatchObject({ counted: true, pendingOps: 0 });
    // A long pull is being put on the screens: no view is ready for a while.
    const reading = vi.spyOn(p.store, 'copy').mockReturnValueOnce(p.store.copy(id)).mockReturnValue(new Promise(() => undefined));
    await p.outbox.save(id, words('only here'));
    expect(get(p.outbox.safety).pendingOps).toBe(1);
    reading.mockRestore();
  });

  it('shows no words before they are counted as only here (P7)', async () => {
    const id = await p.outbox.newReport(words('there'));
    await p.sync();
    await p.view(id);
    const shown: number[] = [];
    p.outbox.report(id).subscribe((view) => {
      const found = view?.snapshot.fields['report']?.['narrative']?.[0]?.value;
      if (found === 'only here') shown.push(get(p.outbox.safety).pendingOps);
    });
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const meta = p.store.meta.bind(p.store);
    vi.spyOn(p.store, 'meta').mockImplementation((key) => (key === 'last-contact' ? held.then(() => meta(key)) : meta(key)));
    const saved = p.outbox.save(id, words('only here'));
    // The count is held up; time enough for the views.
    for (let reads = 0; reads < 40; reads++) await p.store.copy(id);
    goOn();
    await saved;
    await p.view(id);
    expect(shown).toEqual([1]);
  });

  it('claims nothing before it has counted, at the start of the app (P7)', async () => {
    const id = await p.outbox.newReport(words('only here'));
    p.server.down = true;
    const again = await reopen(p.server);
    expect(get(again.outbox.safety).counted).toBe(false);
    await again.view(id);
    expect(get(again.outbox.safety)).toMatchObject({ counted: true, pendingOps: 1 });
  });
});
