import { describe, expect, it } from 'vitest';
import { form, kept, naming, snapshot, version } from './builders';
import { lateRows } from './lateLines';

describe('what a late change says', () => {
  const view = snapshot({
    fields: { report: { address: [version('a', 'W 26th St & S Pulaski Rd')] }, e: { agency: [version('b', 'cbp')] } },
    entities: { e: {}, gone: { removed: true } }
  });
  const rows = (edits: { entity: string; field: string; value: unknown }[]) =>
    lateRows(kept('q', { edits: edits.map((edit) => ({ base: [], ...edit })) }), form, view, naming);

  it('stands beside what is there now, with the words that differ', () => {
    const [row] = rows([{ entity: 'report', field: 'address', value: 'W 26th St & S Kedzie Ave' }]);
    expect(row).toMatchObject({
      label: 'Address or intersection',
      now: 'W 26th St & S Pulaski Rd',
      words: 'W 26th St & S Kedzie Ave'
    });
    expect(row?.compared.right.filter((piece) => piece.differs).map((piece) => piece.text)).toEqual(['Kedzie Ave']);
  });

  it('says "nothing" where nobody has written, and both values where two stand there', () => {
    expect(rows([{ entity: 'report', field: 'beat', value: '1012' }])[0]?.now).toBe('nothing');
    const two = { report: { beat: [version('a', '1011'), version('b', '1013')] } };
    const edits = [{ entity: 'report', field: 'beat', base: [], value: '1012' }];
    expect(lateRows(kept('q', { edits }), form, snapshot({ fields: two }), naming)[0]?.now).toBe('1011 / 1013');
  });

  it('names an entry of the report, and one that only the change itself would make', () => {
    expect(rows([{ entity: 'e', field: 'agency', value: 'ice_ero' }])[0]?.label).toBe('Agent · Agency');
    const made = rows([
      { entity: 'new', field: '@entity', value: { list: 'agents', parent: null } },
      { entity: 'new', field: 'agency', value: 'ice_ero' }
    ]);
    expect(made.map((row) => [row.label, row.words])).toEqual([['Agent (only in this change) · Agency', 'ICE-ERO']]);
  });

  it('tells a removal as one', () => {
    expect(rows([{ entity: 'e', field: '@entity', value: null }])[0]).toMatchObject({
      label: 'Agent',
      now: 'in the report',
      words: 'removed'
    });
    expect(rows([{ entity: 'gone', field: '@entity', value: null }])[0]?.now).toBe('removed');
  });
});
