import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { outputs } from "./support/devices";
import { lab } from "./support/lab";

describe("a third release in the stack file", function () {
  this.timeout(1_200_000);

  it("is composed on the second, rolled out, and nothing else is made anew", async () => {
    const before = await outputs();
    const file = "Pulumi.dev.yaml";
    const text = lab.read(file);
    writeFileSync(
      join(lab.dir, file),
      `${text.trimEnd()}\n    - version: 0.0.3\n      addPackages: [tcpdump]\n`,
    );
    try {
      const up = await lab.npm("up", { seconds: 1_000, log: "up-third" });
      assert.equal(up.status, 0, up.output.slice(-4000));
      const created = [...up.output.matchAll(/^ \+ +\S+ (\S+) created/gm)].map((m) => m[1] ?? "").sort();
      assert.deepEqual(
        created.filter((name) => /-(push|compose)$/.test(name)),
        ["blueprint-0.0.3-push", "commit-0.0.3-compose"],
      );
      const after = await outputs();
      assert.deepEqual(after.releases.slice(0, 2), before.releases);
      assert.equal(after.releases[2]?.parent, before.releases[1]?.commit);
      assert.ok(after.releases[2]?.added.some((p) => p.name === "tcpdump"));
      for (const device of after.devices) assert.equal(device.commit, after.releases[2]?.commit, device.name);
      const seen = await lab.device("edge-device-2", "which tcpdump strace");
      assert.equal(seen.status, 0, seen.output);
    } finally {
      await lab.run("git", ["checkout", "-q", file]);
    }
  });
});
