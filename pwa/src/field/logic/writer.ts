/**
 * Writes one field with the base that its author had seen. An editor stays open while the feed goes on: a version that
 * arrived meanwhile, unseen behind the typed text, must become a conflict and never be superseded in silence.
 */
import { report as reportStore, save } from '../../outbox';
import { heads, same } from '../../sync/overlay';
import type { Snapshot } from '../../sync/types';
import { wellFormed } from '../../ui/wellFormed';

const APPEARS_MS = 5000;

const isBlank = (value: unknown): boolean => value === '' || value === null || value === undefined;

export class FieldWriter {
  private seen: string[] | undefined;

  constructor(
    private readonly report: string,
    private readonly entity: string,
    private readonly field: string
  ) {}

  /** The person begins to edit what the view shows now. */
  begin(view: Snapshot): void {
    this.seen = heads(view, this.entity, this.field).map((head) => head.op);
  }

  /** The versions that the next write names as seen; undefined before the person began. */
  get base(): string[] | undefined {
    return this.seen;
  }

  /**
   * The person goes on after a reload. What they had seen then counts, and what they wrote themselves since: the save of
   * their own text may just have ended. Anything else arrived unseen.
   */
  resume(view: Snapshot, seen: string[], user: string): void {
    const known = heads(view, this.entity, this.field);
    this.seen = known.filter((head) => seen.includes(head.op) || head.actor === user).map((head) => head.op);
  }

  async write(typed: unknown): Promise<void> {
    const value = wellFormed(typed);
    const edit = { entity: this.entity, field: this.field, value };
    await save(this.report, [this.seen ? { ...edit, base: this.seen } : edit]);
    this.seen = await this.ownVersion(value);
  }

  /** The op just saved, once the view shows it: the base of the next keystroke. */
  private ownVersion(value: unknown): Promise<string[] | undefined> {
    return new Promise((resolve) => {
      let stop = (): void => {};
      const finish = (found: string[] | undefined): void => {
        clearTimeout(timer);
        queueMicrotask(() => stop());
        resolve(found);
      };
      const timer = setTimeout(() => finish(undefined), APPEARS_MS);
      stop = reportStore(this.report).subscribe((view) => {
        if (!view) return;
        const all = heads(view.snapshot, this.entity, this.field);
        // Nothing written over nothing is no op: there is no version to wait for.
        if (all.length === 0 && isBlank(value)) finish([]);
        const mine = all.filter((head) => same(head.value, value));
        if (mine.length > 0) finish(mine.map((head) => head.op));
      });
    });
  }
}
