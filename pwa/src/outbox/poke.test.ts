import { get } from 'svelte/store';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { change, state } from '../session/state';

vi.mock('../session', () => ({ sessionToken: async () => 'token' }));
const { listen } = await import('./poke');

let body: ReadableStreamDefaultController<Uint8Array>;

function streaming(): Response {
  const stream = new ReadableStream<Uint8Array>({ start: (controller) => void (body = controller) });
  return new Response(stream, { headers: { 'Content-Type': 'text/event-stream' } });
}

const online = (): string => get(state).online;

describe('what the poke tells of the server', () => {
  const fetched = vi.fn<() => Promise<Response>>();
  beforeEach(() => {
    vi.useFakeTimers();
    change({ online: 'unknown' });
    fetched.mockReset();
    vi.stubGlobal('fetch', fetched);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('is online while a stream is open, and offline as soon as it breaks', async () => {
    fetched.mockImplementation(async () => streaming());
    const poked = vi.fn();
    const poke = listen(poked);
    await vi.waitFor(() => expect(poke.isOpen()).toBe(true));
    expect(online()).toBe('yes');
    body.error(new TypeError('network'));
    await vi.waitFor(() => expect(online()).toBe('no'));
    await vi.waitFor(() => expect(poked).toHaveBeenCalledOnce());
    await vi.advanceTimersByTimeAsync(2000);
    await vi.waitFor(() => expect(online()).toBe('yes'));
    expect(poked).toHaveBeenCalledTimes(2);
    poke.stop();
  });

  it('stays online when a stream ends in order, and goes offline when the next one is refused', async () => {
    fetched.mockImplementation(async () => streaming());
    const poked = vi.fn();
    const poke = listen(poked);
    await vi.waitFor(() => expect(poke.isOpen()).toBe(true));
    fetched.mockRejectedValue(new TypeError('refused'));
    body.close();
    await vi.waitFor(() => expect(poke.isOpen()).toBe(false));
    expect(online()).toBe('yes');
    await vi.advanceTimersByTimeAsync(2000);
    await vi.waitFor(() => expect(online()).toBe('no'));
    expect(poked).toHaveBeenCalledOnce();
    poke.stop();
  });

  it('says nothing of the server when the listener itself stops', async () => {
    fetched.mockImplementation(async () => streaming());
    const poke = listen(() => undefined);
    await vi.waitFor(() => expect(poke.isOpen()).toBe(true));
    poke.stop();
    body.error(new DOMException('stopped', 'AbortError'));
    await vi.advanceTimersByTimeAsync(100);
    expect(online()).toBe('yes');
  });

  it('asks again only when the server says, where it has no room for another stream', async () => {
    const headers = { 'Content-Type': 'application/problem+json', 'Retry-After': '30' };
    fetched.mockImplementation(async () => new Response('{"code":"no_room"}', { status: 503, headers }));
    const poke = listen(() => undefined);
    await vi.waitFor(() => expect(fetched).toHaveBeenCalledOnce());
    expect(online()).toBe('yes');
    await vi.advanceTimersByTimeAsync(29_000);
    expect(fetched).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(11_000);
    expect(fetched).toHaveBeenCalledTimes(2);
    poke.stop();
  });
});
