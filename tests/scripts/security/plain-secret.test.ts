import assert from "node:assert/strict";

import { PulumiProject, type Ended } from "../../support/pulumiProject";

const SECRET = "hunter2hunter2";

/** The command of a message's fix, as it stands there. */
function fixOf({ stdout, stderr }: Ended): string {
  const [, command] = /fix: +run: (pulumi .*?) \(it asks for the value\)/.exec(`${stdout}${stderr}`) ?? [];
  return command ?? assert.fail(`there is no command in:\n${stdout}${stderr}`);
}

describe("a secret that was set without --secret, and the real CLI", function () {
  this.timeout("5m");
  let project: PulumiProject;
  before(async () => {
    project = new PulumiProject();
    assert.equal((await project.pulumi("stack", "init")).status, 0);
  });
  after(() => project.remove());

  const set = async (...words: string[]): Promise<void> => {
    const { status, stderr } = await project.pulumi("config", "set", ...words);
    assert.equal(status, 0, stderr);
  };

  for (const [what, words] of Object.entries({
    "one key": ["--path", "edge-lab:coreUser.password", SECRET],
    "the group as JSON": ["edge-lab:coreUser", JSON.stringify({ password: SECRET })],
  })) {
    it(`stops pulumi and npm run lab, and the fix that is named mends it: ${what}`, async () => {
      await set(...words);
      const preview = await project.pulumi("preview");
      assert.notEqual(preview.status, 0);
      const status = await project.lab("status");
      assert.equal(status.status, 1);
      for (const text of [preview.stdout, preview.stderr, status.stdout, status.stderr]) {
        assert.ok(!text.includes(SECRET), text);
      }
      assert.match(
        status.stderr,
        /edge-lab:coreUser\.password = \(not shown: may be secret\)\n +rule: is stored/,
      );
      assert.deepEqual(project.scriptsRun(), []);
      // Without a terminal, pulumi takes the value from standard input instead of asking.
      const fixed = await project.run(
        "bash",
        "-c",
        `export PULUMI_STACK=dev; ${fixOf(status)} <<<'${SECRET}'`,
      );
      assert.equal(fixed.status, 0, fixed.stderr);
      const again = await project.pulumi("preview");
      assert.equal(again.status, 0, `${again.stdout}${again.stderr}`);
      assert.equal((await project.lab("status")).status, 0);
      await project.pulumi("config", "rm", "edge-lab:coreUser");
    });
  }

  it("stops pulumi where the value came with --config", async () => {
    const preview = await project.pulumi(
      "preview",
      "--config-path",
      "--config",
      `edge-lab:coreUser.password=${SECRET}`,
    );
    assert.notEqual(preview.status, 0);
    assert.match(
      `${preview.stdout}${preview.stderr}`,
      /edge-lab:coreUser\.password = [^]*is stored encrypted/,
    );
    await project.pulumi("config", "rm", "edge-lab:coreUser");
  });

  it("is taken where it was set with --secret", async () => {
    await set("--path", "--secret", "edge-lab:coreUser.password", SECRET);
    const preview = await project.pulumi("preview");
    assert.equal(preview.status, 0, `${preview.stdout}${preview.stderr}`);
    assert.ok(!`${preview.stdout}${preview.stderr}`.includes(SECRET));
  });
});
