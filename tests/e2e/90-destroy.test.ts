import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { lab, start } from "./support/lab";

describe("destroy", function () {
  this.timeout(400_000);

  after(() => lab.dispose());

  it("finds the work tree clean", async () => {
    assert.equal((await lab.run("git", ["status", "--porcelain"])).stdout, "");
  });

  it("leaves the host as it was, within 20 s", async () => {
    const destroyed = await lab.npm("destroy", { seconds: 300, log: "destroy" });
    assert.equal(destroyed.status, 0, destroyed.output.slice(-3000));
    assert.deepEqual(await lab.listing(), start.listing);
    assert.ok(!existsSync(join(lab.dir, ".lab")), "the state directory is still there");
    assert.ok(destroyed.seconds <= 20, `${destroyed.seconds} s`);
  });

  it("has nothing to do a second time", async () => {
    const again = await lab.npm("destroy");
    assert.equal(again.status, 0, again.output);
    assert.equal((await lab.run("git", ["status", "--porcelain"])).stdout, "");
  });
});
