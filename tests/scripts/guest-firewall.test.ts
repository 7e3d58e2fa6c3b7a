import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { OWN_NAMESPACES } from "./support/namespaces";
import { needs } from "./support/sandbox";
import { TempDir } from "../support/tempProject";

const RULES = "assets/guest/etc/nftables.conf";

interface Moved {
  readonly heard: string[];
  readonly error: string;
  readonly seconds: number;
  readonly other: string;
}

describe("guest: the firewall, when the virtual IP moves", () => {
  let dir: TempDir;
  before(function () {
    needs(this, "nft", "unshare", "ip");
  });
  beforeEach(() => (dir = new TempDir()));
  afterEach(() => dir.remove());

  it("keeps silent to a connection of the owner before, then resets it; others are answered", () => {
    // The rules of a device, with a shorter grace and nothing of a blueprint.
    const rules = readFileSync(RULES, "utf8")
      .replace("timeout 10s", "timeout 2s")
      .replace(/^.*include.*$/m, "");
    writeFileSync(join(dir.path, "rules"), rules);
    const { status, stdout, stderr } = spawnSync(
      "unshare",
      [
        ...OWN_NAMESPACES,
        process.execPath,
        "--import",
        "tsx",
        "tests/scripts/support/movedConnection.ts",
        join(dir.path, "rules"),
      ],
      { encoding: "utf8", timeout: 60_000 },
    );
    assert.equal(status, 0, stderr);
    const { heard, error, seconds, other } = JSON.parse(stdout) as Moved;
    assert.deepEqual(heard, ["old"]);
    assert.equal(other, "new");
    assert.equal(error, "ECONNRESET", `after ${seconds} s`);
    assert.ok(seconds >= 2, `${seconds} s`);
  });
});
