/** What the disk is asked to promise (P2, P4). */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { phone, reopen, type Phone } from './cast';

let p: Phone;

beforeEach(async () => {
  p = await phone();
});

const words = (value: string) => [{ entity: 'report', field: 'narrative', value }];

describe('the disk', () => {
  it('is asked for strict durability by every transaction that writes, in both databases', async () => {
    const begin = IDBDatabase.prototype.transaction;
    const asked = new Map<string, Set<unknown>>();
    const watch = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...given) {
      if (given[1] === 'readwrite') asked.set(this.name, (asked.get(this.name) ?? new Set()).add(given[2]?.durability));
      return begin.apply(this, given);
    });
    const again = await reopen(p.server);
    await again.outbox.newReport(words('a'));
    await again.session.signOut();
    watch.mockRestore();
    expect(asked).toEqual(new Map([p.store.db.name, 'holdfast'].map((name) => [name, new Set(['strict'])])));
  });

  it('takes a page of the feed and its cursor whole or not at all (P4)', async () => {
    const report = await p.outbox.newReport(words('a'));
    const put = p.store.db.meta.bulkPut.bind(p.store.db.meta);
    const refusal = vi.spyOn(p.store.db.meta, 'bulkPut').mockRejectedValue(new DOMException('full', 'QuotaExceededError'));
    await p.sync();
    expect(await p.store.copy(report)).toBeNull();
    expect(await p.store.meta('cursor')).toBeNull();
    refusal.mockImplementation(put as never);
    const copies = vi.spyOn(p.store.db.reports, 'bulkPut').mockRejectedValue(new DOMException('full', 'QuotaExceededError'));
    await p.sync();
    expect(await p.store.meta('cursor')).toBeNull();
    copies.mockRestore();
    await p.sync();
    expect((await p.store.copy(report))?.report).toBe(report);
    expect(await p.store.meta('cursor')).toMatch(/^a:/);
  });
});
