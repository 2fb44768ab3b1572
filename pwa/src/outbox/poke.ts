/** The poke: a stream that says that something changed. Its absence costs time, never a change. */
import { sessionToken } from '../session';
import { delay } from './backoff';

/** The server speaks every second; longer silence means that the network swallowed the stream. */
const SILENCE = 20_000;
const REST = 2000;

export type Poke = { stop: () => void; isOpen: () => boolean };

/** Listen until stopped; call `poked` with each new number of the feed. */
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
    for (let attempts = 0; !end.signal.aborted; attempts++) {
      try {
        await stream(end.signal, line, () => {
          opened = true;
          attempts = 0;
        });
      } catch {
        // Polling goes on beside it; the next attempt comes below.
      }
      opened = false;
      await rest(attempts === 0 ? REST : REST + delay(attempts), end.signal);
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
    const response = await fetch('/api/poke', {
      headers: { Authorization: `Bearer ${token}`, Accept: 'text/event-stream' },
      cache: 'no-store',
      signal: AbortSignal.any([ended, silence.signal])
    });
    const ours = (response.headers.get('Content-Type') ?? '').includes('text/event-stream');
    if (!response.ok || !ours || !response.body) throw new Error('no stream');
    opened();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
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

function rest(ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    ended.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
