/** Progress for people on stderr: a line where something changed, and a sign of life when nothing did. */
export class Progress {
  private readonly start = Date.now();
  private last = "";
  private lastAt = 0;

  constructor(
    private readonly subject: string,
    /** Seconds after which an unchanged state is said again. */
    private readonly everySeconds = 20,
  ) {}

  /** Whole seconds since the wait began. */
  get seconds(): number {
    return Math.round((Date.now() - this.start) / 1000);
  }

  say(text: string): void {
    const now = Date.now();
    if (text === this.last && now - this.lastAt < this.everySeconds * 1000) return;
    this.last = text;
    this.lastAt = now;
    process.stderr.write(`${this.subject}: ${text} (${this.seconds} s)\n`);
  }
}
