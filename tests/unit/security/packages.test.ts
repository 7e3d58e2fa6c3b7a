import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

interface Locked {
  readonly integrity?: string;
  readonly link?: boolean;
  readonly resolved?: string;
}

describe("the npm packages", () => {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    packages: Record<string, Locked>;
  };
  const fetched = Object.entries(packages).filter(
    ([path, { link }]) => path.includes("node_modules/") && !link,
  );

  it("are pinned by a checksum, all of them, and by no registry's address", () => {
    assert.ok(fetched.length > 100);
    for (const [path, { integrity, resolved }] of fetched) {
      assert.match(integrity ?? "", /^sha512-/, path);
      assert.equal(resolved, undefined, path);
    }
  });

  it("run nothing of their own when they are installed", () => {
    assert.match(readFileSync(".npmrc", "utf8"), /^ignore-scripts=true$/m);
  });
});
