/** The report that a capture goes to: the one given, else today's open draft, else a new one made with the first fact. */
import { newReport, type ReportView } from '../../outbox';
import { draftOfToday } from './reports';

export class Target {
  private made = $state<string | null>(null);
  private fresh = $state(false);
  private making: Promise<string> | null = null;

  constructor(
    private readonly given: string | null,
    private readonly author: string
  ) {}

  /** The id as things stand; null: the next fact opens a new draft. */
  in(views: ReportView[]): string | null {
    if (this.made) return this.made;
    if (this.fresh) return null;
    return this.given ?? draftOfToday(views, this.author, new Date())?.id ?? null;
  }

  /** One report however often the button is tapped. From the first fact on, the captures of this screen stay with it. */
  async open(views: ReportView[]): Promise<string> {
    const standing = this.in(views);
    if (standing) {
      this.made = standing;
      return standing;
    }
    this.making ??= newReport();
    try {
      this.made = await this.making;
      return this.made;
    } finally {
      this.making = null;
    }
  }

  /** The next fact begins a report of its own. */
  renew(): void {
    this.made = null;
    this.fresh = true;
  }
}
