import assert from "node:assert/strict";

import { resolveConfig } from "../../../lib/config";
import { ConfigError } from "../../../lib/configErrors";
import { readLabInputs } from "../../../lib/labProgram";
import { assertRefused, badConfigs, writeBadConfig } from "../../support/badConfigs";
import { TempDir } from "../../support/tempProject";

function refusal(run: () => unknown): ConfigError {
  try {
    run();
  } catch (e) {
    assert.ok(e instanceof ConfigError, String(e));
    return e;
  }
  return assert.fail("it was taken");
}

describe("a bad configuration", () => {
  let project: TempDir;
  beforeEach(() => {
    project = new TempDir().copy("Pulumi.yaml", "assets/blueprints", "assets/builders/debian/list-types");
  });
  afterEach(() => project.remove());

  for (const bad of badConfigs) {
    it(`is refused: ${bad.name}`, () => {
      writeBadConfig(project.path, bad);
      const { message } = refusal(() => readLabInputs(project.path, "dev", {}));
      assertRefused(message, bad);
    });
  }

  it("is not among the stacks of this repository", () => {
    assert.equal(readLabInputs(process.cwd(), "dev", {}).config.builder, "debian");
  });

  it("is refused when it subscribes a distribution that needs none, and does not show the key", () => {
    const engine = {
      "edge-lab:builder": "osbuild",
      "edge-lab:bootIso": "/x.iso",
      "edge-lab:distribution": "centos-9",
      "edge-lab:subscription": '{"organization":"1","activationKey":"the-key"}',
    };
    const encrypted = (key: string): boolean => key === "edge-lab:subscription";
    const { problems, message } = refusal(() => readLabInputs(project.path, "dev", engine, encrypted));
    assert.deepEqual(
      problems.map((p) => `${p.key} ${p.rule}`),
      ["subscription is for distribution rhel only: centos-9 needs none"],
    );
    assert.ok(!message.includes("the-key"));
  });

  it("is refused when it came by pulumi config set or --config", () => {
    const engine = { "edge-lab:network": '{"vip":"10.0.0.1"}', "edge-lab:targetVersion": "7.0.0" };
    const { problems } = refusal(() => readLabInputs(project.path, "dev", engine));
    assert.deepEqual(
      problems.map((p) => p.key),
      ["network.vip", "targetVersion"],
    );
  });

  it("names --config-path where a key in a map was given without it", () => {
    const { message } = refusal(() => resolveConfig({ "network.vip": "192.168.76.9" }, "test"));
    assert.match(message, /fix: {2}it is network with a key vip in it: add --config-path, or --path/);
  });

  it("is shown shortened where its value is long", () => {
    const { message } = refusal(() => resolveConfig({ bootIso: Array(100).fill("abcdef") }, "test"));
    assert.ok(message.split("\n").every((line) => line.length < 200));
  });
});
