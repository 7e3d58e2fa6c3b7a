import assert from "node:assert/strict";
import { createWriteStream } from "node:fs";
import { join } from "node:path";

import { lab, start } from "./support/lab";

/** Where to kill a run: at the first matching line of its output. Each moment is later in a run than the one before. */
const MOMENTS: readonly { readonly name: string; readonly at: RegExp }[] = [
  { name: "in the preflight", at: /preflight: / },
  { name: "while 0.0.1 is composed", at: /commit-0\.0\.1-compose.*compose: / },
  { name: "while the first device installs", at: /edge-device-1 install: .*pulling/ },
  { name: "while the first device boots", at: /edge-device-1 boot: / },
  { name: "in the rollout", at: /rollout of 0\.0\.2: .*(pulling|staged|waiting-lock|rebooting)/ },
];
/** After this moment the lab is destroyed and started afresh. */
const DESTROY_AFTER = 2;

/** Runs `up` and kills its whole process group at the moment. Returns the end of its output if it ended earlier. */
async function killAt(moment: RegExp, log: string): Promise<string | undefined> {
  const child = lab.start("npm", ["run", "up"]);
  const file = createWriteStream(join(lab.work, `${log}.log`));
  return new Promise((done, reject) => {
    let text = "";
    const limit = setTimeout(() => lab.kill(child), 1_200_000);
    const seen = (chunk: Buffer): void => {
      file.write(chunk);
      text = (text + chunk.toString()).slice(-8000);
      if (moment.test(text)) lab.kill(child);
    };
    child.stdout?.on("data", seen);
    child.stderr?.on("data", seen);
    child.on("error", reject);
    child.on("exit", (_code, signal) => {
      clearTimeout(limit);
      done(signal === "SIGKILL" && moment.test(text) ? undefined : text);
    });
  });
}

describe("up, killed on its way", function () {
  this.timeout(1_500_000);
  this.bail(true);

  before(async () => {
    await lab.prepare();
    start.listing = await lab.listing();
  });

  for (const [i, { name, at }] of MOMENTS.entries()) {
    it(`is killed ${name}`, async () => {
      const ended = await killAt(at, `kill-${i}`);
      assert.equal(ended, undefined, `the run ended before it came to ${String(at)}:\n${ended}`);
    });
    if (i !== DESTROY_AFTER) continue;
    it("and destroy leaves nothing of it", async () => {
      const destroyed = await lab.npm("destroy", { seconds: 300, log: "kill-destroy" });
      assert.equal(destroyed.status, 0, destroyed.output.slice(-3000));
      assert.deepEqual(await lab.listing(), start.listing);
    });
  }

  it("converges in the next run, a plain pulumi up", async () => {
    await lab.useEnvironment();
    const up = await lab.run("pulumi", ["up", "--yes", "--non-interactive"], { seconds: 1_300, log: "up" });
    assert.equal(up.status, 0, up.output.slice(-4000));
  });
});
