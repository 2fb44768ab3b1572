/** The poke: a stream that says that something changed. Its absence costs time, never a change. */
import { ApiProblem, problemOf } from '../api/problem';
import { sessionToken } from '../session';
import { change } from '../session/state';
import { delay } from './backoff';

/** The server speaks every second; longer silence means that the network swallowed the stream. */
const SILENCE = 20_000;
const REST = 2000;

export type Poke = { stop: () => void; isOpen: () => boolean };

/** What the stream shows of the server is told at once: the next poll may be a minute away. */
function contact(reached: boolean): void {
  change({ online: reached ? 'yes' : 'no' });
}

/** Listen until stopped; call `poked` with each new number of the feed, and when contact is lost or found again. */
export function listen(poked: () => void): Poke {
  const end = new AbortController();
  let opened = false;
  let last = -1;
  const line = (text: string): void => {
    const found = /^data: \{"seq":\s*(\d+)\}/.exec(text);
    const seq = Number(found?.[1] ?? last);
    if (seq === last) return;
    last = seq;
    poked();
  };
  const loop = async (): Promise<void> => {
    let lost = false;
    for (let attempts = 0; !end.signal.aborted; attempts++) {
      let asked: number | null = null;
      try {
        await stream(end.signal, line, () => {
          opened = true;
          attempts = 0;
          // The sender may be resting after failures: it need not any longer.
          if (lost) poked();
          lost = false;
        });
      } catch (failed) {
        asked = failed instanceof ApiProblem ? failed.retryAfter : null;
        // Polling goes on beside it; the next attempt comes below. One look of the sender tells what is the matter.
        if (!lost && !end.signal.aborted) poked();
        lost = true;
      }
      opened = false;
      await rest(attempts === 0 && asked === null ? REST : REST + delay(attempts, asked), end.signal);
    }
  };
  void loop();
  return { stop: () => end.abort(), isOpen: () => opened };
}

async function stream(ended: AbortSignal, line: (text: string) => void, opened: () => void): Promise<void> {
  const token = await sessionToken();
  if (!token) throw new Error('no session');
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE);
  try {
    const response = await heard(ended, () =>
      fetch(new URL('/api/poke', location.origin), {
        headers: { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' },
        cache: 'no-store',
        signal: AbortSignal.any([ended, silence.signal])
      })
    );
    const type = response.headers.get('Content-Type') ?? '';
    const ours = response.ok && type.includes('text/event-stream');
    contact(ours || type.includes('application/problem+json'));
    // Where all the server's streams are taken it says when to ask again.
    if (!ours || !response.body) throw await problemOf(response);
    opened();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const part = await heard(ended, () => reader.read());
      // An end in order is none of the network's: the server ends each stream after a while.
      if (part.done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE);
      const lines = (rest + part.value).split('\n');
      rest = lines.pop() ?? '';
      for (const each of lines) line(each);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** A step on the network; where it fails and nobody asked for the end, there is no contact. */
async function heard<T>(ended: AbortSignal, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (failed) {
    if (!ended.aborted) contact(false);
    throw failed;
  }
}

function rest(ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    ended.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
