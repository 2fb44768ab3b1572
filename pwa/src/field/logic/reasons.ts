/** Reasons that one tap gives. They say what was done, never what to think of anybody. */

/** Why one value stands. */
export const CHOICE_REASONS = [
  'I was there and saw it.',
  'The photo or the video shows it.',
  'Agreed with the other author.'
] as const;

/** Why a change that the server keeps needs nothing more. */
export const DISMISS_REASONS = [
  'The report says it already.',
  'Written again.',
  'Entered by mistake.'
] as const;

export const REWRITTEN: (typeof DISMISS_REASONS)[number] = 'Written again.';
