import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

/** What the app says to a request, counted from 1; undefined if it keeps the client waiting. */
type Answer = (request: number) => string | undefined;

/** An app on loopback that gives each connection its answer, at once and without reading the request. */
export class FakeApp {
  private server: Server | undefined;
  private open: Socket[] = [];

  /** Starts, and returns the port. */
  async serve(answer: Answer): Promise<string> {
    await this.close();
    let requests = 0;
    this.server = createServer((socket) => {
      this.open.push(socket);
      const text = answer(++requests);
      socket.on("error", () => undefined);
      if (text !== undefined) socket.end(text);
    }).listen(0, "127.0.0.1");
    await once(this.server, "listening");
    const address = this.server.address();
    return typeof address === "object" && address ? String(address.port) : "";
  }

  async close(): Promise<void> {
    const server = this.server;
    if (!server) return;
    this.server = undefined;
    const closed = once(server, "close");
    server.close();
    this.open.forEach((socket) => socket.destroy());
    this.open = [];
    await closed;
  }
}
