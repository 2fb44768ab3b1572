/** Each state has a shape and a word beside its colour; no state is told by colour alone. */
export const STATES = {
  draft: { icon: '○', word: 'draft', tone: 'draft' },
  phone: { icon: '▲', word: 'only on this phone', tone: 'phone' },
  server: { icon: '●', word: 'on the server', tone: 'server' },
  desk: { icon: '✓', word: "in the desk's hands", tone: 'held' },
  held: { icon: '✓', word: 'held', tone: 'held' },
  approved: { icon: '✓', word: 'approved', tone: 'held' },
  submitted: { icon: '●', word: 'submitted', tone: 'server' },
  returned: { icon: '!', word: 'returned', tone: 'due' },
  needs_you: { icon: '!', word: 'needs you', tone: 'due' },
  due: { icon: '!', word: 'due', tone: 'due' }
} as const;

export type BadgeState = keyof typeof STATES;
