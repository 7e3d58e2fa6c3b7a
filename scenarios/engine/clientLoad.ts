import { request } from "node:http";

import type { Run } from "./scenario";

/** A client gives up after this long, milliseconds. */
const TIMEOUT_MS = 30_000;

/** A request without an answer; times are in seconds since the client began. */
export interface FailedRequest {
  readonly sentAt: number;
  readonly endedAt: number;
  readonly error: string;
}

/** A client's results. */
export interface LoadResult {
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly failures: readonly FailedRequest[];
  /** Each distinct error once, with its count and the time when the first such request was sent. */
  readonly errors: readonly string[];
  /** Longest time between two answers since the first request, seconds. */
  readonly largestGapSeconds: number;
  /** Longest wait of a request for its answer, seconds. */
  readonly slowestSeconds: number;
}

function told(count: number, { error, sentAt, endedAt }: FailedRequest): string {
  const span = `first sent after ${sentAt.toFixed(1)} s, ended ${(endedAt - sentAt).toFixed(1)} s later`;
  return `${count} x ${error} (${span})`;
}

/** Sends `count` requests at once, each on its own connection. Returns the errors. */
export async function burst(url: string, count: number): Promise<string[]> {
  const answers = await Promise.all(Array.from({ length: count }, () => ask(url)));
  return answers.filter((e) => e !== undefined);
}

/** Sends one request on its own connection; resolves with its error, if any. */
export function ask(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const req = request(url, { agent: false, timeout: TIMEOUT_MS }, (res) => {
      res.resume();
      res.on("error", (e) => resolve(e.message));
      res.on("end", () => resolve(res.statusCode === 200 ? undefined : `status ${res.statusCode}`));
    });
    const limit = setTimeout(() => req.destroy(new Error(`no answer in ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS);
    req.on("error", (e) => resolve(e.message));
    req.on("close", () => clearTimeout(limit));
    req.end();
  });
}

/** A client that asks the app on the virtual IP; it ends with the scenario, if not before. */
export function startClient({ lab, undo }: Run, perSecond?: number): ClientLoad {
  const client = new ClientLoad(lab.appUrl, perSecond);
  undo.add(async () => {
    await client.stop();
  });
  return client;
}

/** A client that sends requests at a fixed rate, without waiting for earlier answers. */
export class ClientLoad {
  private readonly begun = performance.now();
  private readonly answers: number[] = [];
  private readonly open = new Set<Promise<void>>();
  private readonly failures: FailedRequest[] = [];
  private sent = 0;
  private slowest = 0;
  private readonly timer: NodeJS.Timeout;

  /** @param perSecond requests a second */
  constructor(
    private readonly url: string,
    perSecond = 5,
  ) {
    this.timer = setInterval(() => this.send(), 1000 / perSecond);
  }

  /** Seconds since the client began. */
  get seconds(): number {
    return (performance.now() - this.begun) / 1000;
  }

  /** Stops sending, and waits for the outstanding answers. */
  async stop(): Promise<LoadResult> {
    clearInterval(this.timer);
    await Promise.all(this.open);
    const errors = new Map<string, { count: number; first: FailedRequest }>();
    for (const failure of this.failures) {
      const known = errors.get(failure.error);
      errors.set(failure.error, { count: (known?.count ?? 0) + 1, first: known?.first ?? failure });
    }
    const times = [0, ...this.answers.sort((a, b) => a - b)];
    const gaps = times.map((t, i) => t - (times[i - 1] ?? 0));
    return {
      sent: this.sent,
      answered: this.answers.length,
      failed: this.failures.length,
      failures: this.failures,
      errors: [...errors.values()].map(({ count, first }) => told(count, first)),
      largestGapSeconds: Math.round(Math.max(...gaps) / 10) / 100,
      slowestSeconds: Math.round(this.slowest / 10) / 100,
    };
  }

  private send(): void {
    this.sent += 1;
    const start = performance.now();
    const one = ask(this.url).then((error) => {
      const end = performance.now();
      if (error === undefined) {
        this.answers.push(end - this.begun);
        this.slowest = Math.max(this.slowest, end - start);
      } else {
        this.failures.push({
          sentAt: (start - this.begun) / 1000,
          endedAt: (end - this.begun) / 1000,
          error,
        });
      }
      this.open.delete(one);
    });
    this.open.add(one);
  }
}
