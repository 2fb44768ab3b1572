import { describe, expect, it } from 'vitest';
import { links, placeOf } from './place';

describe('places', () => {
  it.each([
    [links.home, { name: 'home' }],
    ['', { name: 'home' }],
    [links.safe, { name: 'safe' }],
    [links.report('r1'), { name: 'report', report: 'r1' }],
    [links.section('r1', 'agents'), { name: 'section', report: 'r1', section: 'agents' }],
    [links.entity('r1', 'agents', 'a1'), { name: 'entity', report: 'r1', section: 'agents', entity: 'a1' }],
    [
      links.conflict('r1', 'report', 'observed/mask'),
      { name: 'conflict', report: 'r1', entity: 'report', field: 'observed/mask' }
    ],
    [links.kept('r1'), { name: 'kept', report: 'r1' }],
    [
      links.again('r1', 'hash', 'a1', 'observed/mask'),
      { name: 'again', report: 'r1', source: 'hash', entity: 'a1', field: 'observed/mask' }
    ],
    [links.supplement('r1', 'hash'), { name: 'supplement', report: 'r1', source: 'hash' }],
    [links.capture('photo'), { name: 'capture', what: 'photo', report: null, entity: null }],
    [links.capture('hold', 'r1'), { name: 'capture', what: 'hold', report: 'r1', entity: null }],
    [links.capture('refused', 'r1', 'a1'), { name: 'capture', what: 'refused', report: 'r1', entity: 'a1' }],
    ['#/unknown/thing', { name: 'home' }]
  ])('reads %s', (hash, place) => {
    expect(placeOf(hash)).toEqual(place);
  });
});
