import assert from "node:assert/strict";
import { createWriteStream } from "node:fs";
import { join } from "node:path";

import { lab, type Listing } from "./support/lab";

/** Where a run is killed: at the first line of its output that matches. Each lies further on the way than the one before. */
const MOMENTS: readonly { readonly name: string; readonly at: RegExp }[] = [
  { name: "in the preflight", at: /preflight: / },
  { name: "while 0.0.1 is composed", at: /compose.*(0\.0\.1|mmdebstrap|base)/i },
  { name: "while the first device installs", at: /edge-device-1 install: .*(pull|fetch|deploy)/i },
  { name: "while a device boots", at: /edge-device-2 (boot|install): / },
  { name: "in the rollout", at: /rollout of 0\.0\.2: .*(staged|waiting-lock|rebooting)/ },
];

/** The state before anything was done, and at the end again. */
export const before: { listing?: Listing } = {};

async function killAt(moment: RegExp, log: string): Promise<boolean> {
  const child = lab.start("npm", ["run", "up"]);
  const file = createWriteStream(join(lab.work, `${log}.log`));
  return new Promise((done, reject) => {
    let text = "";
    const limit = setTimeout(() => lab.kill(child), 1_200_000);
    const seen = (chunk: Buffer): void => {
      file.write(chunk);
      text += chunk.toString();
      if (moment.test(text)) lab.kill(child);
      text = text.slice(-4000);
    };
    child.stdout?.on("data", seen);
    child.stderr?.on("data", seen);
    child.on("error", reject);
    child.on("exit", (_code, signal) => {
      clearTimeout(limit);
      done(signal === "SIGKILL");
    });
  });
}

describe("up, killed on its way", function () {
  this.timeout(1_500_000);
  this.bail(true);

  before_();

  for (const [i, { name, at }] of MOMENTS.entries()) {
    it(`is killed ${name}`, async () => {
      assert.equal(await killAt(at, `kill-${i}`), true, `the run ended before it came to ${String(at)}`);
    });
    if (i === 2) {
      it("and destroy cleans what it left", async () => {
        const destroyed = await lab.npm("destroy", { seconds: 300, log: "kill-destroy" });
        assert.equal(destroyed.status, 0, destroyed.output.slice(-3000));
        assert.deepEqual(await lab.listing(), before.listing);
      });
    }
  }

  it("converges in the next run", async () => {
    const up = await lab.npm("up", { seconds: 1_300, log: "up" });
    assert.equal(up.status, 0, up.output.slice(-4000));
  });
});

function before_(): void {
  before(async () => {
    await lab.prepare();
    before.listing = await lab.listing();
  });
}
