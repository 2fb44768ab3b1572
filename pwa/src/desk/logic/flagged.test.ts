import { describe, expect, it } from 'vitest';
import { snapshot, version } from './builders';
import { flagged } from './flagged';

describe('an entry that one person removed while another wrote in it', () => {
  const made = version('a', { list: 'agents', parent: null });
  const removal = version('r', null, { base: ['a', 'b'], actor: 'u2' });
  const seen = version('b', 'unknown', { base: [] });
  const unseen = version('c', 'ice_ero', { base: ['b'] });
  const fields = { e: { '@entity': [removal], agency: [unseen], note: [seen] } };

  it('names who removed it, and what they had not seen', () => {
    const [found] = flagged(snapshot({ fields, entities: { e: { flagged: true } } }));
    expect(found?.removals.map((head) => head.actor)).toEqual(['u2']);
    expect(found?.unseen.map((one) => [one.field, one.head.value])).toEqual([['agency', 'ice_ero']]);
  });

  it('shows that somebody made it again beside the removal', () => {
    const again = { e: { '@entity': [removal, made] } };
    const [found] = flagged(snapshot({ fields: again, entities: { e: { flagged: true } } }));
    expect(found?.removals.map((head) => head.op)).toEqual(['r']);
  });

  it('is not told where nothing is flagged, or its whole parent is gone', () => {
    expect(flagged(snapshot({ fields, entities: { e: {} } }))).toEqual([]);
    const inside = { p: { removed: true }, e: { flagged: true, parent: 'p' } };
    expect(flagged(snapshot({ fields, entities: inside }))).toEqual([]);
  });
});
