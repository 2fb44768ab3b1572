/** The typed client that the screens use: adds the token, renews it once on 401, raises ApiProblem on any failure. */
import createClient from 'openapi-fetch';
import { problemOf } from './problem';
import { isLoginRequired, notOurs, reach, reached, type Bearer } from './request';
import type { paths } from './schema';

export { ApiProblem } from './problem';

let bearer: Bearer = () => Promise.resolve(null);

/** Let the session give the tokens; it builds on this module, so it hands itself in. */
export function useBearer(given: Bearer): void {
  bearer = given;
}

/** Long enough for a photo at full size; a network that swallows packets must still end in an error. */
const TIMEOUT = 120_000;

async function authorised(asked: Request): Promise<Response> {
  const request = new Request(asked, { signal: AbortSignal.timeout(TIMEOUT) });
  const spare = request.clone();
  const token = await bearer();
  const response = await reach(withToken(request, token));
  if (response.ok) return ours(response);
  const failed = await problemOf(response);
  const next = token && isLoginRequired(failed) ? await bearer(token) : null;
  if (!next) throw failed;
  const again = await reach(withToken(spare, next));
  if (!again.ok) throw await problemOf(again);
  return ours(again);
}

/** A page with status 200 is what captive portals send; this server sends none under /api. */
function ours(response: Response): Response {
  if ((response.headers.get('Content-Type') ?? '').includes('text/html')) throw notOurs(response);
  reached();
  return response;
}

function withToken(request: Request, token: string | null): Request {
  if (token) request.headers.set('Authorization', `Bearer ${token}`);
  return request;
}

export const api = createClient<paths>({ baseUrl: '/', fetch: authorised });
