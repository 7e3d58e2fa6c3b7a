import { oneLine } from "../protocol/text";
import { printError } from "./terminal";

/** Progress for people on stderr: a line when something changes, and a sign of life when nothing does. */
export class Progress {
  private readonly start = Date.now();
  private last = "";
  private lastAt = 0;

  /**
   * @param subject what the program waits for; begins every line
   * @param everySeconds interval for repeating an unchanged state, and for printing changed counts
   */
  constructor(
    private readonly subject: string,
    private readonly everySeconds = 15,
  ) {}

  /** Whole seconds since the wait began. */
  get seconds(): number {
    return Math.round((Date.now() - this.start) / 1000);
  }

  say(text: string): void {
    const now = Date.now();
    const withoutCounts = text.replace(/[0-9.]+/g, "#");
    if (withoutCounts === this.last && now - this.lastAt < this.everySeconds * 1000) return;
    this.last = withoutCounts;
    this.lastAt = now;
    printError(`${this.subject}: ${oneLine(text)} (${this.seconds} s)\n`);
  }
}
