/** What went wrong while saving, in words that say what to do. The text that was typed is always kept on the screen. */
import { ApiProblem } from '../../api/client';
import { SaveFailed } from '../../outbox';

export function failureWords(problem: unknown): string {
  if (problem instanceof SaveFailed || problem instanceof ApiProblem) return problem.detail;
  return 'NOT SAVED on this phone. Try again; what you entered is still here.';
}
