import assert from "node:assert/strict";

import { outputs, vipOwners, type Outputs } from "./support/devices";
import { lab } from "./support/lab";

describe("failover", function () {
  this.timeout(600_000);
  let out: Outputs;
  let owner = "";

  before(async () => {
    out = await outputs();
    owner = (await vipOwners(out.devices, out.vip))[0] ?? "";
    assert.notEqual(owner, "");
  });

  it("answers from the other device when the owner loses power", async () => {
    const killed = await lab.virsh("destroy", owner);
    assert.equal(killed.status, 0, killed.output);
    const answer = await lab.run("curl", [
      "-fsS",
      "--retry",
      "5",
      "--retry-all-errors",
      "-m",
      "60",
      out.appUrl,
    ]);
    assert.equal(answer.status, 0, answer.output);
    const others = out.devices.filter((d) => d.name !== owner);
    assert.equal((await vipOwners(others, out.vip)).length, 1);
  });

  it("has the owner back, healthy, when it is switched on again", async () => {
    const started = await lab.virsh("start", owner);
    assert.equal(started.status, 0, started.output);
    await lab.until("one owner, all healthy", 300, async () => {
      const status = await lab.lab("status", "--json");
      const { devices } = JSON.parse(status.stdout) as {
        devices: { name: string; health: string; vip: boolean; reportedSecondsAgo: number }[];
      };
      const seen = devices.map((d) => `${d.name} ${d.health} ${d.vip} ${d.reportedSecondsAgo}`).join("; ");
      const well = devices.every((d) => d.health === "green" && d.reportedSecondsAgo < 90);
      const first = devices.find((d) => d.name === owner);
      return well && first?.vip === true && devices.filter((d) => d.vip).length === 1 ? true : seen;
    });
    const answer = await lab.run("curl", ["-fsS", "-m", "60", out.appUrl]);
    assert.equal(answer.status, 0, answer.output);
  });
});
