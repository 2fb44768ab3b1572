/** Failures as the server tells them (RFC 9457), and those where no server of ours answered at all. */

export class ApiProblem extends Error {
  constructor(
    /** The HTTP status; 0 where nobody answered. */
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly retry: string,
    /** Seconds that the server asks to wait. */
    readonly retryAfter: number | null = null,
    /** Further members of the problem document. */
    readonly extra: Record<string, unknown> = {}
  ) {
    super(`${code}: ${detail}`);
    this.name = 'ApiProblem';
  }
}

/** There was no token to be had for a request, so that it never went out: its content is not to blame. */
export class NoToken extends ApiProblem {
  constructor(of: ApiProblem) {
    super(of.status, of.code, of.detail, of.retry, of.retryAfter, of.extra);
    this.name = 'NoToken';
  }
}

export const OFFLINE = 'offline';
/** Something answered that is not Holdfast: a captive portal, a proxy's error page. */
export const STRANGER = 'not_holdfast';

/** The request went out, and nothing came back in time. */
export const TIMED_OUT = 'timed_out';

export function timedOut(): ApiProblem {
  const detail = 'The server did not answer in time. What you saved stays on this device and is sent again.';
  return new ApiProblem(0, TIMED_OUT, detail, 'backoff');
}

export function offline(): ApiProblem {
  return new ApiProblem(0, OFFLINE, 'The server cannot be reached. What you saved stays on this device.', 'backoff');
}

export function stranger(status: number): ApiProblem {
  const detail = 'The network answered in place of the server. It may ask for a sign-in of its own.';
  return new ApiProblem(status, STRANGER, detail, 'backoff');
}

/** Read the problem in an answer. An error without a problem document did not come from our server. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const type = response.headers.get('Content-Type') ?? '';
  if (!type.includes('application/problem+json')) return stranger(response.status);
  try {
    const { code, detail, retry, ...extra } = (await response.json()) as Record<string, unknown>;
    return new ApiProblem(
      response.status,
      String(code),
      String(detail ?? ''),
      String(retry ?? 'backoff'),
      seconds(response.headers),
      extra
    );
  } catch {
    // An answer to HEAD has no body; its status still tells.
    return new ApiProblem(response.status, `http_${response.status}`, 'The server refused.', 'backoff');
  }
}

/** Seconds to wait, given as such or as a date. The date is the server's: it is measured by the server's own clock. */
function seconds(headers: Headers): number | null {
  const asked = headers.get('Retry-After');
  if (!asked) return null;
  const plain = Number(asked);
  const now = Date.parse(headers.get('Date') ?? '') || Date.now();
  const wait = Number.isFinite(plain) ? plain : (Date.parse(asked) - now) / 1000;
  return Number.isFinite(wait) ? Math.max(0, wait) : null;
}
