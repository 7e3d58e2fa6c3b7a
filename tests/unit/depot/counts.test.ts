import assert from "node:assert/strict";

import fc from "fast-check";

import {
  Counts,
  countLine,
  kindOf,
  MAX_CLIENTS,
  OTHER_CLIENTS,
  parseAccess,
  type Access,
} from "../../../depot/counts";

const line = "1795000000.123 192.0.2.11 200 1234 GET /repo/objects/ab/cd.filez";

describe("running count", () => {
  it("reads nginx's line", () => {
    assert.deepEqual(parseAccess(line), {
      time: 1795000000123,
      client: "192.0.2.11",
      status: 200,
      bytes: 1234,
      method: "GET",
      path: "/repo/objects/ab/cd.filez",
    });
  });

  it("passes over what is not a whole line", () => {
    for (const bad of [
      "",
      "1795000000.123",
      "1795000000.123 192.0.2.11 200",
      "x y z a GET /repo/",
      line.slice(5, 20),
    ]) {
      assert.equal(parseAccess(bad), undefined, bad);
    }
  });

  it("prints the count after each request, as the demonstration does", () => {
    const counts = new Counts();
    const access = parseAccess(line);
    assert.ok(access);
    counts.add(access);
    assert.equal(
      countLine(access, counts.total),
      "2026-11-18T11:06:40Z 192.0.2.11 GET /repo/objects/ab/cd.filez 200 files=1 bytes=1234",
    );
  });

  it("tells objects, deltas and metadata apart", () => {
    assert.equal(kindOf("/repo/objects/ab/cd.filez"), "object");
    assert.equal(kindOf("/repo/deltas/ab/cd/superblock"), "delta");
    for (const path of [
      "/repo/summary",
      "/repo/delta-indexes/ab/x.index",
      "/repo/refs/heads/edge",
      "/repo/config",
    ]) {
      assert.equal(kindOf(path), "meta");
    }
  });

  it("counts a file only when content was sent", () => {
    const counts = new Counts();
    const access = { time: 0, client: "c", bytes: 0, method: "GET", path: "/repo/x" };
    for (const status of [304, 404, 416]) counts.add({ ...access, status });
    counts.add({ ...access, status: 200, method: "HEAD" });
    assert.deepEqual(counts.total, { files: 0, bytes: 0, requests: 4 });
    counts.add({ ...access, status: 206, bytes: 7 });
    assert.deepEqual(counts.total, { files: 1, bytes: 7, requests: 5 });
  });

  it("goes on where it was after a restart", () => {
    const before = new Counts();
    const access = parseAccess(line);
    assert.ok(access);
    before.add(access);
    const stored = JSON.parse(JSON.stringify({ total: before.total, clients: before.clients })) as Counts;
    const after = new Counts(stored.total, stored.clients);
    after.add(access);
    assert.deepEqual(after.total, { files: 2, bytes: 2468, requests: 2 });
    assert.equal(after.clients["192.0.2.11"]?.kinds.object.files, 2);
  });

  it("keeps a bounded number of clients, and counts the rest together", () => {
    const counts = new Counts();
    for (let i = 0; i < MAX_CLIENTS + 10; i++) {
      counts.add({ time: 0, client: `c${i}`, status: 200, bytes: 1, method: "GET", path: "/repo/config" });
    }
    assert.equal(Object.keys(counts.clients).length, MAX_CLIENTS + 1);
    assert.equal(counts.clients[OTHER_CLIENTS]?.files, 10);
    assert.equal(counts.total.files, MAX_CLIENTS + 10);
  });

  it("adds up: clients to the total, kinds to the client (property)", () => {
    const access = fc.record<Access>({
      time: fc.integer({ min: 0, max: 2 ** 40 }),
      client: fc.constantFrom("a", "b", "constructor", "c"),
      status: fc.constantFrom(200, 206, 304, 404, 499),
      bytes: fc.nat(1e6),
      method: fc.constantFrom("GET", "HEAD"),
      path: fc.constantFrom("/repo/objects/a", "/repo/deltas/a", "/repo/config"),
    });
    fc.assert(
      fc.property(fc.array(access), (list) => {
        const counts = new Counts();
        for (const a of list) counts.add(a);
        for (const field of ["files", "bytes", "requests"] as const) {
          const clients = Object.values(counts.clients);
          assert.equal(
            clients.reduce((n, c) => n + c[field], 0),
            counts.total[field],
          );
          for (const c of clients) {
            assert.equal(c.kinds.object[field] + c.kinds.delta[field] + c.kinds.meta[field], c[field]);
          }
        }
      }),
    );
  });
});
