import assert from "node:assert/strict";

import { lab } from "./support/lab";

interface Result {
  readonly ok: boolean;
  readonly seconds: number;
  readonly figures: Record<string, unknown>;
  readonly invariants: { name: string; ok: boolean; detail: string }[];
  readonly timeline: { seconds: number; subject: string; step: string }[];
}

/** Run on every change. The first cut of this seed falls into the staging. */
const SCENARIOS: readonly (readonly [string, ...string[]])[] = [
  ["auto-restart"],
  ["app-update"],
  ["scale-from-zero"],
  ["failover"],
  ["partition"],
  ["power-cut", "--cuts", "1", "--seed", "2"],
];
/**
 * What `npm run test:slow` adds. The third release's tests have a rollback, and a rollout under load; the guest tests a
 * full disk, images that do not work, and a registry that is away.
 */
const SLOW: readonly (readonly [string, ...string[]])[] = [
  ["altered-commit"],
  ["registry-down"],
  ["full-disk"],
  ["bad-image"],
  ["os-upgrade"],
  ["rollback"],
  ["panic"],
  ["hang"],
  // This seed cuts pull, stage, finalise and first boot; cuts of a rollback take longest and are left to other seeds.
  ["power-cut", "--cuts", "4", "--seed", "2"],
];

describe("scenario", function () {
  this.timeout(1_800_000);

  for (const words of process.env["EDGE_LAB_TEST_SLOW"] ? [...SCENARIOS, ...SLOW] : SCENARIOS) {
    it(words.join(" "), async () => {
      const run = await lab.npm("lab", {
        args: ["scenario", ...words, "--json"],
        seconds: 1_700,
        log: `scenario-${words[0]}`,
      });
      assert.ok(run.stdout.trim().startsWith("{"), run.output.slice(-3000));
      const result = JSON.parse(run.stdout) as Result;
      const broken = result.invariants.filter((i) => !i.ok).map((i) => `${i.name}: ${i.detail}`);
      assert.deepEqual(broken, [], run.output.slice(0, 3000));
      assert.equal(run.status, 0);
      assert.ok(result.ok && result.timeline.length > 0);
      console.log(`      ${words[0]}: ${result.seconds} s; ${JSON.stringify(result.figures)}`);
    });
  }

  it("leaves the lab as it found it", async () => {
    const { devices } = await lab.status();
    for (const device of devices) assert.match(device.booted ?? "", /^0\.0\.3 /, device.name);
    const again = await lab.run("git", ["status", "--porcelain"]);
    assert.equal(again.stdout, "");
  });

  it("has no use for a name that there is not", async () => {
    const run = await lab.lab("scenario", "no-such-thing");
    assert.equal(run.status, 1);
    assert.match(run.output, /there is no scenario "no-such-thing"; rule: all, or one of these names/);
  });
});
