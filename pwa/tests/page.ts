/** As much of a browser's page as the triggers of the sender need, and a clock that stands unless it is moved. */
import { vi } from 'vitest';

type Locks = { request: <T>(name: string, work: () => Promise<T>) => Promise<T> };
type Navigator = { locks?: Locks };

export class Page {
  readonly window = new EventTarget();
  readonly document = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
  readonly container = Object.assign(new EventTarget(), {
    getRegistration: () => Promise.resolve({ sync: { register: (tag: string) => this.#register(tag) } })
  });
  onLine = true;
  /** What the browser does about it. */
  onTag: () => void = () => undefined;
  /** What the browser was asked to wake the worker for. */
  readonly tags: string[] = [];
  readonly #channels: BroadcastChannel[] = [];
  readonly #Channel = globalThis.BroadcastChannel;

  constructor() {
    const channels = this.#channels;
    globalThis.BroadcastChannel = class extends this.#Channel {
      constructor(name: string) {
        super(name);
        channels.push(this);
      }
    };
  }

  /** Put it in the place of what Node has not. No time passes from now on, and chance has no say. */
  install(): void {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    vi.spyOn(Math, 'random').mockReturnValue(0.99);
    Object.assign(globalThis, {
      addEventListener: this.window.addEventListener.bind(this.window),
      document: this.document
    });
    Object.assign(globalThis.navigator, { serviceWorker: this.container, onLine: this.onLine });
  }

  remove(): void {
    // A page that is gone hears nothing of the next one.
    for (const channel of this.#channels) channel.close();
    globalThis.BroadcastChannel = this.#Channel;
    vi.useRealTimers();
    vi.restoreAllMocks();
    for (const name of ['serviceWorker', 'onLine']) Reflect.deleteProperty(globalThis.navigator, name);
    for (const name of ['addEventListener', 'document']) Reflect.deleteProperty(globalThis, name);
  }

  #register(tag: string): Promise<void> {
    this.tags.push(tag);
    this.onTag();
    return Promise.resolve();
  }

  show(visibilityState: 'visible' | 'hidden'): void {
    this.document.visibilityState = visibilityState;
    this.document.dispatchEvent(new Event('visibilitychange'));
  }

  /** Let that much time pass, and everything end that it began. */
  async pass(ms: number): Promise<void> {
    await rest();
    vi.advanceTimersByTime(ms);
    await rest();
  }
}

/** What the disk, the network and the signing take, by a clock that does not stand, and in work: others may have the machine. */
const BUSY = 150;

async function rest(): Promise<void> {
  const ends = performance.now() + BUSY;
  const began = process.cpuUsage();
  const worked = (): number => {
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1000;
  };
  while (performance.now() < ends || worked() < BUSY) await new Promise((resolve) => setImmediate(resolve));
}

/** Locks as browsers have them, for pages and workers that share nothing else. */
export function withLocks(): { held: string[]; remove: () => void } {
  const held: string[] = [];
  const tails = new Map<string, Promise<unknown>>();
  const locks: Locks = {
    request: async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const turn = (tails.get(name) ?? Promise.resolve()).then(() => {
        held.push(name);
        return work();
      });
      tails.set(name, turn.catch(() => undefined));
      return turn;
    }
  };
  const browser = globalThis.navigator as unknown as Navigator;
  browser.locks = locks;
  return { held, remove: () => delete browser.locks };
}
