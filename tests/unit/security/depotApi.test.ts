import assert from "node:assert/strict";

import fc from "fast-check";

import { deviceViewSchema, statusSchema } from "../../../protocol/status";
import { DepotFixture, NEW, OLD, ONE, report, TWO } from "../depot/support/depot";

const ROUTES = ["/v1/report", "/v1/pre-reboot", "/v1/steady-state"];
/** Values that programs take for something else. */
const odd = fc.constantFrom<unknown>(
  ...[
    "",
    "\u0000",
    "\u001b]0;x\u0007",
    "../../etc/passwd",
    "__proto__",
    "constructor",
    "a\nb",
    "x".repeat(9000),
  ],
  ...[null, -1, 1e308, NaN, [], {}, [[]], true],
);
const anything = fc.oneof(odd, fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: "binary", maxLength: 80 }));
const names = fc.constantFrom("edge-1", "edge-2", "edge-3", "__proto__", "toString");
const addresses = fc.constantFrom(ONE, TWO, "192.0.2.99", "", "undefined");

/** A report that holds but for some of its fields. */
const reports = fc
  .tuple(
    names,
    fc.dictionary(fc.constantFrom(...Object.keys(report("x")), "__proto__", "more"), anything, {
      maxKeys: 4,
    }),
  )
  .map(([device, change]) => ({ ...report(device), ...change }));
const locks = fc.record(
  {
    client_params: fc.oneof(
      anything,
      fc.record({ id: fc.oneof(names, anything), group: fc.oneof(fc.constant("default"), anything) }),
    ),
  },
  { requiredKeys: [] },
);
const bodies = fc.oneof(reports, locks, anything);

describe("the depot's API, whatever is sent", function () {
  this.timeout(60_000);
  let d: DepotFixture;
  beforeEach(async () => {
    d = new DepotFixture();
    await d.start();
    d.publish(NEW);
  });
  afterEach(() => d.stop());

  /** What is read from it is still in its form, and the lock is held by the device that asked, or by nobody. */
  const stands = async (asked: ReadonlySet<string>): Promise<void> => {
    statusSchema.parse(await d.get("/v1/status"));
    const devices = deviceViewSchema.array().parse(await d.get("/v1/devices"));
    assert.deepEqual(
      devices.map((v) => v.name),
      ["edge-1", "edge-2"],
    );
    const { holders } = await d.get<{ holders: { device: string }[] }>("/v1/lock");
    for (const { device } of holders) assert.ok(asked.has(device), device);
    assert.equal((await d.request("GET", "/metrics")).statusCode, 200);
    assert.equal(Object.getOwnPropertyNames(Object.prototype).includes("more"), false);
  };

  it("answers a body of any form, and none with an error of its own", async () => {
    const asked = new Set<string>();
    const given = fc.record({
      url: fc.constantFrom(...ROUTES),
      from: addresses,
      body: bodies,
      header: fc.constantFrom("true", "false", undefined),
    });
    await fc.assert(
      fc.asyncProperty(given, async ({ url, from, body, header }) => {
        const headers = header === undefined ? {} : { "fleet-lock-protocol": header };
        const { statusCode } = await d.post(url, from, JSON.stringify(body), headers);
        assert.ok(statusCode < 500, `${statusCode} ${url}`);
        if (statusCode === 200) {
          assert.ok(from === ONE || from === TWO, from);
          asked.add(from === ONE ? "edge-1" : "edge-2");
        }
        await stands(asked);
      }),
      { numRuns: 400 },
    );
    assert.ok(asked.size > 0, "some of it was taken");
  });

  it("answers bytes that are no JSON, in any content type", async () => {
    const types = fc.constantFrom(
      "application/json",
      "text/plain",
      "application/x-www-form-urlencoded",
      "",
      "\u00ff",
    );
    const given = fc.tuple(
      fc.constantFrom(...ROUTES),
      addresses,
      fc.string({ unit: "binary", maxLength: 300 }),
      types,
    );
    await fc.assert(
      fc.asyncProperty(given, async ([url, from, text, type]) => {
        const { statusCode } = await d.post(url, from, text, { "content-type": type });
        assert.ok(statusCode >= 400 && statusCode < 500, `${statusCode} ${url} ${type}`);
      }),
      { numRuns: 200 },
    );
    await stands(new Set());
  });

  it("knows no path but its own, and nothing of the admin's", async () => {
    const parts = fc.constantFrom(
      "v1",
      "devices",
      "lab",
      "rollout",
      "lock",
      "halts",
      "..",
      "%2e%2e",
      "%00",
      "repo",
      OLD,
      "metrics",
    );
    const paths = fc.array(fc.oneof(parts, fc.webSegment()), { maxLength: 4 }).map((p) => `/${p.join("/")}`);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom("GET", "PUT", "DELETE"), paths, async (method, path) => {
        const { statusCode } = await d.request(method, path);
        assert.ok(statusCode < 500, `${statusCode} ${method} ${path}`);
        if (method !== "GET")
          assert.ok(statusCode === 404 || statusCode === 400, `${statusCode} ${method} ${path}`);
      }),
      { numRuns: 400 },
    );
    await stands(new Set());
  });
});
