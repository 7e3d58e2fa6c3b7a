import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { DepotFixture } from "../../unit/depot/support/depot";

/** A request of a device, and what it was answered. */
export interface Exchange {
  readonly path: string;
  readonly headers: Record<string, unknown>;
  readonly body: unknown;
  readonly status: number;
  readonly answer: unknown;
}

/**
 * The real depot on a loopback port, which keeps what it was asked and what it answered. As nginx does, it says where a
 * request came from: from the address that the test gives.
 */
export class DepotServer {
  readonly fixture = new DepotFixture();
  readonly exchanges: Exchange[] = [];
  private readonly server: Server;
  private failure: unknown;
  private readonly first = new Map<string, () => void>();

  /** @param client address that all requests seem to come from */
  constructor(client: string) {
    this.server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        const { url = "", method, headers } = request;
        // The repository is the web server's.
        if (method !== "POST") return response.writeHead(url === "/repo/config" ? 200 : 404).end();
        const lock = headers["fleet-lock-protocol"];
        const more = lock === undefined ? {} : { "fleet-lock-protocol": lock };
        this.first.get(url)?.();
        this.first.delete(url);
        const answered = this.fixture.post(url, client, text, more).then((answer) => {
          const body = JSON.parse(text) as unknown;
          const { statusCode: status } = answer;
          this.exchanges.push({ path: url, headers, body, status, answer: answer.json() });
          response.writeHead(status, { "content-type": "application/json" }).end(answer.body);
        });
        answered.catch((e: unknown) => {
          this.failure = e;
          response.destroy();
        });
      });
    });
  }

  async start(): Promise<void> {
    await this.fixture.start();
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }

  /** Something happens just before the next request to this path is answered. */
  beforeNext(path: string, happens: () => void): void {
    this.first.set(path, happens);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await this.fixture.stop();
    if (this.failure !== undefined) throw this.failure as Error;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
}
