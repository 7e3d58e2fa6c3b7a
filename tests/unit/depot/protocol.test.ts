import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { totalsViewSchema } from "../../../protocol/counts";
import { LOCK_REFUSALS, lockViewSchema } from "../../../protocol/fleetLock";
import { labSchema, rolloutSchema } from "../../../protocol/lab";
import { refusalSchema, REQUEST_REFUSALS } from "../../../protocol/refusal";
import { replySchema } from "../../../protocol/reply";
import {
  clientViewSchema,
  deviceViewSchema,
  rolloutViewSchema,
  statusSchema,
  targetViewSchema,
} from "../../../protocol/status";
import { strict } from "../../support/protocol";
import { DepotFixture, LAB, NEW, OLD, ONE, TWO, report } from "./support/depot";

describe("the depot keeps to the protocol", () => {
  let d: DepotFixture;
  beforeEach(async () => {
    d = new DepotFixture();
    await d.start();
  });
  afterEach(() => d.stop());

  const answers: [string, z.ZodType][] = [
    ["/v1/devices", z.array(deviceViewSchema)],
    ["/v1/devices/edge-1", deviceViewSchema],
    ["/v1/totals", totalsViewSchema],
    ["/v1/clients", z.array(clientViewSchema).min(1)],
    ["/v1/lock", lockViewSchema],
    ["/v1/rollout", rolloutViewSchema],
    ["/v1/target", targetViewSchema],
    ["/v1/status", statusSchema],
  ];

  it("in every answer, of a lab where nothing has happened and of one in trouble", async () => {
    appendFileSync(
      join(d.dir, "access/2026-01-01T00:00.log"),
      `1795000000.5 ${ONE} 200 10 GET /repo/config\n`,
    );
    for (const [url, schema] of answers) strict(schema, await d.get(url));
    d.publish(NEW);
    await d.lock("/v1/pre-reboot", ONE, "edge-1");
    const failed = [{ commit: NEW, version: "2", check: "c", output: "o", time: 5, attempts: 3 }];
    const updateError = { commit: NEW, output: "no space", attempts: 1 };
    await d.report(ONE, report("edge-1", { failed, updateError, vip: true, rollback: { commit: NEW } }));
    const rollout = { targetCommit: NEW, version: "0.0.2" };
    strict(rolloutSchema, (await d.put("/v1/rollout", rollout)).json());
    await d.report(TWO, report("edge-2", { health: "red", booted: { commit: NEW } }));
    for (const [url, schema] of answers) strict(schema, await d.get(url));
    const { lock, rollout: begun } = await d.get<z.infer<typeof statusSchema>>("/v1/status");
    assert.deepEqual([lock.holders.length, lock.halted.length, begun?.version], [1, 1, "0.0.2"]);
    strict(lockViewSchema, (await d.asAdmin("DELETE", "/v1/lock")).json());
    strict(lockViewSchema, (await d.asAdmin("DELETE", `/v1/halts/${NEW}`)).json());
    strict(labSchema, (await d.put("/v1/lab", LAB)).json());
    strict(replySchema, (await d.report(ONE, report("edge-1"))).json());
  });

  it("in every answer about a rollout that is watched, left alone, and ended", async () => {
    appendFileSync(
      join(d.dir, "access/2026-01-01T00:00.log"),
      `1795000000.5 ${ONE} 200 10 GET /repo/config\n`,
    );
    const lease = { id: "a", from: OLD, leaseSeconds: 30 };
    strict(rolloutSchema, (await d.put("/v1/rollout", { targetCommit: NEW, version: "2", ...lease })).json());
    d.publish(NEW);
    strict(rolloutViewSchema, (await d.admins("/v1/rollout/lease", { id: "a" })).json());
    d.wait(31);
    for (const [url, schema] of answers) strict(schema, await d.get(url));
    const { lock, rollout } = await d.get<z.infer<typeof statusSchema>>("/v1/status");
    assert.deepEqual([rollout?.state, lock.withdrawn?.from], ["withdrawn", OLD]);
    const ended = await d.admins("/v1/rollout/end", { id: "a", outcome: "done" });
    assert.equal(strict(rolloutViewSchema, ended.json()).state, "done");
  });

  it("in every refusal, and each kind that the protocol lists is one that it gives", async () => {
    const lock = { client_params: { id: "edge-1", group: "default" } };
    const body = { "fleet-lock-protocol": "true" };
    const staged = { staged: { commit: "5".repeat(64) } };
    const refused = [
      await d.report(ONE, "{}"),
      await d.post("/v1/pre-reboot", ONE, {}, body),
      await d.post("/v1/pre-reboot", ONE, lock),
      await d.put("/v1/lab", {}),
      await d.put("/v1/rollout", {}),
      await d.admins("/v1/rollout/lease", {}),
      await d.admins("/v1/rollout/end", {}),
      await d.admins("/v1/rollout/lease", { id: "nobody's" }),
      await d.request("GET", "/v1/devices/nobody"),
      await d.lock("/v1/pre-reboot", "192.0.2.99", "edge-1"),
      await d.lock("/v1/pre-reboot", ONE, "edge-1", "g1"),
      await d.report(TWO, report("edge-1")),
      await d.request("GET", "/v2"),
    ];
    const askedBy = (from: string, id: string) => d.lock("/v1/pre-reboot", from, id);
    d.publish(NEW);
    await d.report(ONE, report("edge-1", { vip: true }));
    await d.report(TWO, report("edge-2", staged));
    refused.push(await askedBy(ONE, "edge-1"), await askedBy(TWO, "edge-2"));
    await d.report(TWO, report("edge-2"));
    await askedBy(TWO, "edge-2");
    await d.report(TWO, report("edge-2", { booted: { commit: NEW } }));
    refused.push(await askedBy(ONE, "edge-1"));
    await d.report(TWO, report("edge-2", { health: "red", booted: { commit: NEW } }));
    refused.push(await askedBy(ONE, "edge-1"));
    const lease = { id: "a", from: OLD, leaseSeconds: 1 };
    await d.put("/v1/rollout", { targetCommit: NEW, version: "2", ...lease });
    await d.report(TWO, report("edge-2", { staged: { commit: NEW } }));
    d.wait(2);
    refused.push(await askedBy(TWO, "edge-2"));
    assert.ok(refused.every((answer) => answer.statusCode >= 400));
    const kinds = refused.map((answer) => strict(refusalSchema, answer.json()).kind);
    assert.deepEqual(new Set(kinds), new Set([...REQUEST_REFUSALS, ...LOCK_REFUSALS]));
  });
});
