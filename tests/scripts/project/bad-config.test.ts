import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { assertRefused, badConfigs, writeBadConfig, type BadConfig } from "../../support/badConfigs";
import { PulumiProject, type Ended } from "../../support/pulumiProject";

/** Runs in parallel, so that both of two cores are busy. */
const AT_ONCE = 2;

// The unit tests cover all of them; these are the ones that involve a file or a secret, and some others.
const chosen = badConfigs.filter(
  (bad, i) => i % 5 === 0 || bad.secret !== undefined || bad.files !== undefined || bad.text !== undefined,
);
const many = badConfigs[badConfigs.length - 1] ?? assert.fail();

/** The program's error as Pulumi prints it; the display also repeats the first line during the run. */
function diagnostics({ stdout, stderr }: Ended): string {
  const text = `${stdout}${stderr}`;
  return text.slice(text.indexOf("Diagnostics:"));
}

describe("a bad configuration and the real CLI", () => {
  const projects: PulumiProject[] = [];
  const results = new Map<BadConfig, Ended>();
  let stackFile: string;

  before(async function () {
    this.timeout("10m");
    const queue = [...chosen];
    const worker = async (): Promise<void> => {
      const project = new PulumiProject();
      projects.push(project);
      const made = await project.pulumi("stack", "init");
      assert.equal(made.status, 0, made.stderr);
      for (let bad = queue.shift(); bad; bad = queue.shift()) {
        writeBadConfig(project.path, bad);
        results.set(bad, await project.pulumi("preview"));
      }
    };
    stackFile = readFileSync("Pulumi.dev.yaml", "utf8");
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  });
  after(() => projects.forEach((project) => project.remove()));
  const project = (): PulumiProject => projects[0] ?? assert.fail("there is no project");

  for (const bad of chosen) {
    it(`ends pulumi preview: ${bad.name}`, () => {
      const result = results.get(bad) ?? assert.fail("it was not run");
      assert.notEqual(result.status, 0);
      assertRefused(diagnostics(result), bad);
      if (bad.secret !== undefined) assert.ok(!`${result.stdout}${result.stderr}`.includes(bad.secret));
    });
  }

  it("is tried often enough", () => {
    assert.ok(chosen.length >= 20, String(chosen.length));
  });

  it("ends pulumi up before anything on the host is run or noted", async () => {
    writeBadConfig(project().path, many);
    const result = await project().pulumi("up", "--yes", "--skip-preview");
    assert.notEqual(result.status, 0);
    assertRefused(diagnostics(result), many);
    assert.deepEqual(project().scriptsRun(), []);
    const { stdout } = await project().pulumi("stack", "export");
    const state = JSON.parse(stdout) as { deployment: { resources?: { type: string }[] } };
    assert.deepEqual(
      (state.deployment.resources ?? []).map((r) => r.type).filter((type) => type !== "pulumi:pulumi:Stack"),
      [],
    );
  });

  for (const verb of ["up", "preview", "destroy", "status"]) {
    it(`ends npm run lab -- ${verb}, with nothing around the message`, async () => {
      writeBadConfig(project().path, many);
      const { status, stdout, stderr } = await project().lab(verb);
      assert.equal(status, 1);
      assert.equal(stdout, "");
      assert.ok(stderr.startsWith("error: Pulumi.dev.yaml: "), stderr);
      assertRefused(stderr, many);
      assert.deepEqual(project().scriptsRun(), []);
    });
  }

  it("is refused when it was set with pulumi config, a secret unseen", async () => {
    writeFileSync(join(project().path, "Pulumi.dev.yaml"), stackFile);
    const set = await project().pulumi(
      "config",
      "set",
      "--path",
      "edge-lab:coreUser.password",
      "--secret",
      "hunt",
    );
    assert.equal(set.status, 0, set.stderr);
    const result = await project().pulumi(
      "preview",
      "--config-path",
      "--config",
      "edge-lab:network.vip=10.0.0.1",
    );
    assert.notEqual(result.status, 0);
    assertRefused(diagnostics(result), {
      name: "",
      secret: "hunt",
      says: [
        {
          key: "edge-lab:coreUser.password",
          value: "(not shown: may be secret)",
          rule: "at least 8 characters",
          fix: "write 8",
        },
        { key: "edge-lab:network.vip", value: '"10.0.0.1"', rule: "inside network.cidr", fix: "free" },
      ],
    });
    // Pulumi also stores the values of --config.
    for (const key of ["edge-lab:coreUser", "edge-lab:network"]) {
      assert.equal((await project().pulumi("config", "rm", key)).status, 0, key);
    }
  });

  it("is what stops it: with a good one the host's script is run", async () => {
    writeFileSync(join(project().path, "Pulumi.dev.yaml"), stackFile);
    const preview = await project().pulumi("preview");
    assert.equal(preview.status, 0, `${preview.stdout}${preview.stderr}`);
    assert.deepEqual(project().scriptsRun(), []);
    const up = await project().pulumi("up", "--yes", "--skip-preview");
    assert.notEqual(up.status, 0);
    assert.deepEqual(project().scriptsRun(), ["edge-host.sh apply"]);
  });
});
