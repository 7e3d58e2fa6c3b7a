import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { replySchema, type Reply } from "../../../protocol/reply";

/** A request as it came in. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** The server's answer. */
export interface Answer {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly afterMilliseconds?: number;
}

/** A depot or registry on a loopback port that gives the test's answers and records the requests. */
export class FakeDepot {
  readonly calls: Call[] = [];
  private readonly server: Server;
  private readonly answers = new Map<string, Answer>();

  constructor() {
    this.server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const call = {
          method: request.method ?? "",
          path: request.url ?? "",
          headers: request.headers,
          body,
        };
        this.calls.push(call);
        const answer = this.answers.get(call.path) ?? { status: 404, body: "{}" };
        setTimeout(() => {
          response.writeHead(answer.status ?? 200, answer.headers);
          response.end(answer.body ?? "{}");
        }, answer.afterMilliseconds ?? 0);
      });
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** address:port */
  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Sets the answer of a path. */
  answer(path: string, answer: Answer): void {
    this.answers.set(path, answer);
  }

  /** The reply to reports; what it does not name is as a guest was installed, without a target. */
  reply(value: Partial<Reply>): void {
    const target = { ref: "edge", commit: null };
    const given = { peers: ["198.51.100.12"], knownToPeers: true, target, upgradeGate: "open", ...value };
    const reply = replySchema.parse(given);
    this.answer("/v1/report", { body: JSON.stringify(reply) });
  }

  /** The bodies that were posted to a path. */
  posted(path: string): unknown[] {
    return this.calls.filter((call) => call.path === path).map((call) => JSON.parse(call.body) as unknown);
  }
}
