/**
 * Saves one field while a person types: a pause of 300 ms saves, leaving the field or the page saves at once, one save
 * at a time, and a value that could not be saved is kept and can be tried again.
 */
export type SaveState =
  | { kind: 'idle' }
  | { kind: 'saving' }
  | { kind: 'saved'; at: string }
  | { kind: 'failed'; problem: unknown };

export const TYPING_PAUSE_MS = 300;

type Waiting = { value: unknown };

export class FieldSaver {
  private waiting: Waiting | null = null;
  private failed: Waiting | null = null;
  private running: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly write: (value: unknown) => Promise<void>,
    private readonly onstate: (state: SaveState) => void
  ) {}

  /** Nothing waits and nothing is being written. */
  get settled(): boolean {
    return this.waiting === null && this.running === null && this.failed === null;
  }

  type(value: unknown): void {
    this.waiting = { value };
    this.stopTimer();
    this.timer = setTimeout(() => void this.flush(), TYPING_PAUSE_MS);
  }

  now(value: unknown): Promise<void> {
    this.waiting = { value };
    return this.flush();
  }

  /** Save what waits, also after a failure. Never throws: the state says what happened. */
  flush(): Promise<void> {
    this.stopTimer();
    this.waiting ??= this.failed;
    this.failed = null;
    if (!this.running && !this.waiting) return Promise.resolve();
    this.running ??= this.run();
    return this.running;
  }

  private async run(): Promise<void> {
    let last: SaveState = { kind: 'idle' };
    while (this.waiting) last = await this.writeOne(this.waiting);
    this.running = null;
    // Told last: whoever hears "saved" finds the saver settled.
    this.onstate(last);
  }

  private async writeOne(taken: Waiting): Promise<SaveState> {
    this.waiting = null;
    this.onstate({ kind: 'saving' });
    try {
      await this.write(taken.value);
      return { kind: 'saved', at: new Date().toISOString() };
    } catch (problem) {
      // A newer value replaces the one that failed; otherwise it stays until the person tries again.
      if (!this.waiting) this.failed = taken;
      return { kind: 'failed', problem };
    }
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
