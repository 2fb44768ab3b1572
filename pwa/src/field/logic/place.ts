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
  | { name: 'conflict'; report: string; entity: string; field: string };

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
  if (section && entity) return { name: 'entity', report: report!, section, entity };
  if (section) return { name: 'section', report: report!, section };
  return { name: 'report', report: report! };
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
  capture: (what: (typeof CAPTURES)[number], report?: string, entity?: string) =>
    path(what, ...(report ? [report] : []), ...(report && entity ? [entity] : []))
};
