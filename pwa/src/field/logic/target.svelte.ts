/** The report that a capture goes to: the one given, else today's open draft, else a new one made with the first fact. */
import { newReport } from '../../outbox';

export class Target {
  id = $state<string | null>(null);
  private making: Promise<string> | null = null;

  constructor(report: string | null) {
    this.id = report;
  }

  /** One report however often the button is tapped. */
  async open(): Promise<string> {
    if (this.id) return this.id;
    this.making ??= newReport();
    try {
      this.id = await this.making;
      return this.id;
    } finally {
      this.making = null;
    }
  }

  /** The next fact begins a report of its own. */
  renew(): void {
    this.id = null;
  }
}
