import { strict as assert } from "node:assert";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

import { Project } from "./support/project";

const PROGRAM = `
import { all, secret } from "@pulumi/pulumi";
import { local } from "@pulumi/command";
import { RandomPassword } from "@pulumi/random";
const env = process.env;
const password = new RandomPassword("password", { length: 20, special: false });
export const length = password.result.apply((text) => text.length);
export const unprotected = password.result;

const hidden = new local.Command("secrets", {
  create: "cat >/dev/null; echo done",
  environment: { TOKEN: secret("plain-token") },
  stdin: secret("plain-stdin"),
  logging: "none",
}, { additionalSecretOutputs: ["stdout", "stderr"] });
export const hiddenOutput = hidden.stdout;

new local.Command("previous", {
  create: "echo from-create; echo from-create-err >&2",
  update: "echo previous $PULUMI_COMMAND_STDOUT $PULUMI_COMMAND_STDERR >>$LOG; echo from-update",
  environment: { CHANGE: env.CHANGE ?? "no" },
});
new local.Command("no-previous", {
  create: "echo from-create",
  update: 'echo "no-previous [$PULUMI_COMMAND_STDOUT]" >>$LOG',
  environment: { CHANGE: env.CHANGE ?? "no" },
  addPreviousOutputInEnv: false,
});

const how = new local.Command("how", {
  create: "import os, sys; print(os.getcwd(), sys.stdin.read(), os.environ['VALUE'])",
  interpreter: ["python3", "-c"],
  dir: env.WORKDIR,
  stdin: "two\\nlines",
  environment: { VALUE: "a 'quoted' \\"$(value)\\"" },
});
export const howOutput = how.stdout;

const files = new local.Command("files", {
  create: "echo made >made.txt",
  dir: env.WORKDIR,
  assetPaths: ["*.txt", "!secret.txt"],
  archivePaths: ["**"],
});
export const assetNames = files.assets.apply((assets) => Object.keys(assets ?? {}));

const run = local.runOutput({ command: "echo ran" });
export const runOutput = all([run.stdout, run.stderr]).apply(([out, err]) => out + err);
`;

describe("command provider: how a command runs", () => {
  let project: Project;
  let workdir: string;

  before(async () => {
    project = new Project(PROGRAM);
    workdir = project.path("work dir");
    mkdirSync(workdir);
    writeFileSync(`${workdir}/secret.txt`, "");
    await project.init();
    await project.up({ WORKDIR: workdir });
  });

  after(async () => {
    await project.remove();
  });

  const output = async (name: string): Promise<string> =>
    (await project.pulumi(["stack", "output", name])).trim();

  it("keeps secret inputs and outputs out of the plain state and of what is shown", async () => {
    assert.equal(await output("length"), "[secret]");
    assert.equal(await output("hiddenOutput"), "[secret]");
    const state = readFileSync(project.path("backend/.pulumi/stacks/engine-test/test.json"), "utf8");
    assert.doesNotMatch(state, /plain-token|plain-stdin/);
    const password = (await project.pulumi(["stack", "output", "unprotected", "--show-secrets"])).trim();
    assert.match(password, /^[A-Za-z0-9]{20}$/);
    assert.ok(!state.includes(password));
  });

  it("runs with the interpreter, directory, input and environment that it is given", async () => {
    assert.equal(await output("howOutput"), `${workdir} two\nlines a 'quoted' "$(value)"`);
  });

  it("collects assets by rules in their order", async () => {
    assert.deepEqual(JSON.parse(await output("assetNames")), ["made.txt"]);
  });

  it("local.run gives the output of a command", async () => {
    assert.equal(await output("runOutput"), "ran");
  });

  it("passes the previous output on, unless told not to", async () => {
    await project.up({ WORKDIR: workdir, CHANGE: "yes" });
    assert.deepEqual(project.takeLog().sort(), ["no-previous []", "previous from-create from-create-err"]);
  });
});
