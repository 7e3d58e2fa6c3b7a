import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { burst, ClientLoad, startClient } from "../../../scenarios/engine/clientLoad";
import type { Run } from "../../../scenarios/engine/scenario";
import { Undo } from "../../../scenarios/engine/undo";

describe("scenario: the client", () => {
  let server: Server;
  let answer: RequestListener;
  let url: string;
  before(async () => {
    server = createServer((req, res) => answer(req, res));
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  after(() => server.close());

  it("asks at its rate and counts answers, each on a connection of its own", async () => {
    const connections = new Set<string>();
    answer = (req, res) => {
      connections.add(`${req.socket.remotePort}`);
      res.end("page");
    };
    const load = new ClientLoad(url, 50);
    await new Promise((done) => setTimeout(done, 500));
    const result = await load.stop();
    assert.ok(result.sent >= 15 && result.sent <= 25, `${result.sent}`);
    assert.equal(result.answered, result.sent);
    assert.equal(connections.size, result.sent);
    assert.deepEqual(result.failures, []);
    assert.ok(result.largestGapSeconds < 0.3, `${result.largestGapSeconds}`);
  });

  it("goes on asking while one is not answered, and tells gap, failures and their reasons", async () => {
    let count = 0;
    answer = (_req, res) => {
      count += 1;
      if (count === 2) setTimeout(() => res.end(), 400);
      else if (count === 3) res.destroy();
      else if (count === 4) res.writeHead(503).end();
      else res.end();
    };
    const load = new ClientLoad(url, 20);
    await new Promise((done) => setTimeout(done, 300));
    const result = await load.stop();
    assert.equal(result.failed, 2);
    assert.equal(result.answered, result.sent - 2);
    const [hangUp, status] = [...result.errors].sort();
    assert.match(hangUp ?? "", /^1 x socket hang up \(first sent after 0\.\d s, ended 0\.\d s later\)$/);
    assert.match(status ?? "", /^1 x status 503 \(/);
    assert.ok(result.failures.every((f) => f.endedAt >= f.sentAt && f.sentAt < 0.4));
    assert.ok(result.slowestSeconds >= 0.39, `${result.slowestSeconds}`);
  });

  it("ends with its scenario, whatever ended that", async () => {
    let count = 0;
    answer = (_req, res) => {
      count += 1;
      res.end();
    };
    const undo = new Undo();
    startClient({ lab: { appUrl: url }, undo } as unknown as Run, 50);
    await new Promise((done) => setTimeout(done, 200));
    await undo.all();
    const sent = count;
    assert.ok(sent > 0);
    await new Promise((done) => setTimeout(done, 200));
    assert.equal(count, sent);
  });

  it("bursts", async () => {
    let count = 0;
    answer = (_req, res) => {
      count += 1;
      res.writeHead(count % 2 ? 200 : 500).end();
    };
    assert.deepEqual(await burst(url, 4), ["status 500", "status 500"]);
  });
});
