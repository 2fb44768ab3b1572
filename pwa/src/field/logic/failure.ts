/** What went wrong while saving, in words that say what to do. The text that was typed is always kept on the screen. */
import { ApiProblem } from '../../api/client';

export function failureWords(problem: unknown): string {
  if (problem instanceof ApiProblem) return problem.detail;
  const name = problem instanceof Error ? problem.name : '';
  if (name === 'QuotaExceededError') {
    return 'The storage of this phone is full. Free some space, then try again. What you entered is still here.';
  }
  if (name === 'InvalidStateError' || name === 'DatabaseClosedError') {
    return 'The storage of this phone was closed by the browser. Try again; if it stays so, close other tabs of Holdfast.';
  }
  return 'It could not be saved on this phone. Try again. What you entered is still here.';
}
