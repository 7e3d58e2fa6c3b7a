import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { registryAddress } from "../../../client/registryAddress";
import { TempDir } from "../../support/tempProject";

describe("registryAddress", () => {
  it("is the one that the registry was set up with, whatever the configuration's network is", () => {
    const dir = new TempDir();
    try {
      mkdirSync(join(dir.path, "registry"));
      writeFileSync(join(dir.path, "registry/config.json"), '{"http":{"addr":"10.20.30.5:5000"},"log":{}}');
      assert.equal(registryAddress(dir.path), "10.20.30.5:5000");
    } finally {
      dir.remove();
    }
  });
});
