/** Reads the hash of the officer's part into a place, and writes the links to it. */
export type Place =
  | { name: 'home' }
  | { name: 'safe' }
  | {
      name: 'capture';
      what: 'photo' | 'refused' | 'note' | 'hold';
      report: string | null;
      entity: string | null;
    }
  | { name: 'report'; report: string }
  | { name: 'section'; report: string; section: string }
  | { name: 'entity'; report: string; section: string; entity: string }
  | { name: 'conflict'; report: string; entity: string; field: string }
  | { name: 'kept'; report: string }
  /** Words that were not taken in or not kept, to be written again: as a field's value, or as a supplement. */
  | { name: 'again'; report: string; source: string; entity: string; field: string }
  | { name: 'supplement'; report: string; source: string };

const CAPTURES = ['photo', 'refused', 'note', 'hold'] as const;

export function placeOf(hash: string): Place {
  const [first, ...rest] = hash
    .replace(/^#?\/?/, '')
    .split('?')[0]!
    .split('/')
    .filter(Boolean)
    .map(decodeURIComponent);
  const capture = CAPTURES.find((one) => one === first);
  if (capture) return { name: 'capture', what: capture, report: rest[0] ?? null, entity: rest[1] ?? null };
  if (first === 'safe') return { name: 'safe' };
  if (first !== 'report' || !rest[0]) return { name: 'home' };
  const [report, section, entity, field] = rest;
  if (section === 'conflict' && entity && field) return { name: 'conflict', report: report!, entity, field };
  if (section === 'kept') return { name: 'kept', report: report! };
  if (section === 'again' && entity) return againOf(report!, entity, field, rest[4]);
  if (section && entity) return { name: 'entity', report: report!, section, entity };
  if (section) return { name: 'section', report: report!, section };
  return { name: 'report', report: report! };
}

function againOf(report: string, source: string, entity?: string, field?: string): Place {
  if (entity && field) return { name: 'again', report, source, entity, field };
  return { name: 'supplement', report, source };
}

const path = (...parts: string[]) => `#/${parts.map(encodeURIComponent).join('/')}`;

export const links = {
  home: '#/',
  safe: '#/safe',
  report: (report: string) => path('report', report),
  section: (report: string, section: string) => path('report', report, section),
  entity: (report: string, section: string, entity: string) => path('report', report, section, entity),
  conflict: (report: string, entity: string, field: string) =>
    path('report', report, 'conflict', entity, field),
  kept: (report: string) => path('report', report, 'kept'),
  again: (report: string, source: string, entity: string, field: string) =>
    path('report', report, 'again', source, entity, field),
  supplement: (report: string, source: string) => path('report', report, 'again', source),
  capture: (what: (typeof CAPTURES)[number], report?: string, entity?: string) =>
    path(what, ...(report ? [report] : []), ...(report && entity ? [entity] : []))
};
