import assert from "node:assert/strict";
import { readdirSync } from "node:fs";

import { parse } from "smol-toml";

import { blueprintReference } from "../../support/osbuild/blueprintReference";
import { isSecret, plain, runProgram, type ProgramRun, type Registration } from "../../support/program";
import { standIn } from "../../support/standIns";

const KEY = "an activation key";
const subscription = { organization: "1234567", activationKey: KEY };

const named = (run: ProgramRun, name: string): Registration =>
  run.resources.find((r) => r.name === name) ?? assert.fail(`there is no resource ${name}`);
const stdin = (run: ProgramRun, name: string): Record<string, unknown> =>
  JSON.parse(String(plain(named(run, name).inputs["stdin"]))) as Record<string, unknown>;
const environment = (run: ProgramRun, name: string): Record<string, string> =>
  plain(named(run, name).inputs["environment"]) as Record<string, string>;
const shape = (run: ProgramRun): string[] =>
  run.resources.map((r) => `${r.type} ${r.name} below ${r.parent}`).sort();

describe("the program with Pulumi.rhel.yaml", function () {
  this.timeout("60s");
  let debian: ProgramRun;
  let run: ProgramRun;
  before(async () => {
    debian = await runProgram({ standIn });
    run = await runProgram({ standIn, stack: "rhel", config: { subscription } });
  });

  it("has the very resources of the debian backend's, under the same names", () => {
    assert.deepEqual(shape(run), shape(debian));
  });

  it("has the same order, but that a later release's parent comes from the content server", () => {
    const order = (r: ProgramRun): string[] =>
      r.resources
        .filter((x) => x.custom)
        .flatMap((x) => Object.entries(x.uses).map(([key, uses]) => `${x.name}.${key}: ${uses.join(" ")}`))
        .sort();
    const more = order(run).filter((line) => !order(debian).includes(line));
    const less = order(debian).filter((line) => !order(run).includes(line));
    assert.deepEqual(more, [
      "commit-0.0.2-compose.stdin: blueprint-0.0.2-push commit-0.0.1-compose depot-service",
    ]);
    assert.deepEqual(less, ["commit-0.0.2-compose.stdin: blueprint-0.0.2-push commit-0.0.1-compose"]);
  });

  it("asks the osbuild backend, for RHEL's ref", () => {
    for (const name of ["blueprint-0.0.1-push", "commit-0.0.1-compose", "iso-primary-make", "host-setup"]) {
      assert.equal(environment(run, name)["EDGE_BUILDER"], "osbuild", name);
    }
    assert.equal(stdin(run, "commit-0.0.1-compose")["ref"], "rhel/9/x86_64/edge");
    assert.equal(environment(run, "os-rollout")["EDGE_REF"], "rhel/9/x86_64/edge");
    assert.match(String(stdin(run, "iso-primary-make")["kickstart"]), /--groups=wheel/);
    assert.match(String(stdin(run, "iso-primary-make")["bootIso"]), /^\/.*\.iso$/);
  });

  it("names the content server to the compose of a release with a parent only", () => {
    assert.ok(!("contentUrl" in stdin(run, "commit-0.0.1-compose")));
    assert.equal(stdin(run, "commit-0.0.2-compose")["contentUrl"], "http://192.168.76.1:8000");
  });

  it("renders blueprints that osbuild's reference knows every key of", () => {
    for (const version of ["0.0.1", "0.0.2"]) {
      const blueprint = parse(String(stdin(run, `blueprint-${version}-push`)["blueprint"]));
      assert.deepEqual(blueprintReference.safeParse(blueprint).error?.issues ?? [], []);
    }
  });

  it("puts the guest files into the blueprint as a package of the release, and leaves user core to the kickstart", () => {
    for (const version of ["0.0.1", "0.0.2"]) {
      const blueprint = parse(String(stdin(run, `blueprint-${version}-push`)["blueprint"])) as unknown as {
        version: string;
        packages: { name: string; version: string }[];
        customizations: { user?: object[]; firewall: { services: { enabled: string[] } } };
      };
      assert.equal(blueprint.version, version);
      const guest = blueprint.packages.find((p) => p.name === "edge-lab-guest");
      assert.match(guest?.version ?? "", new RegExp(`^${version}-1\\.[0-9a-f]{12}$`));
      assert.deepEqual(blueprint.customizations.user ?? [], []);
      assert.deepEqual(blueprint.customizations.firewall.services.enabled, ["ssh", "edge-lab"]);
    }
    const request = stdin(run, "commit-0.0.2-compose");
    assert.deepEqual(request["addPackages"], ["strace"]);
  });

  it("gives the subscription to the host's script on stdin only, secret, and logs nothing of it", () => {
    const host = named(run, "host-setup");
    assert.ok(isSecret(host.inputs["stdin"]));
    assert.deepEqual(stdin(run, "host-setup")["subscription"], subscription);
    assert.equal(host.inputs["logging"], "none");
    assert.deepEqual(host.additionalSecretOutputs.sort(), ["stderr", "stdout"]);
    const open = (value: unknown): string =>
      isSecret(value)
        ? ""
        : typeof value === "object" && value !== null
          ? Object.values(value).map(open).join("\n")
          : String(value);
    for (const { name, inputs } of run.resources) assert.ok(!open(inputs).includes(KEY), name);
    for (const [name, value] of Object.entries(run.outputs))
      assert.ok(!JSON.stringify(value ?? "").includes(KEY), name);
    // Other values from that script do not become secret.
    assert.deepEqual(run.secretOutputs.sort(), ["corePassword", "sshPrivateKey"]);
    assert.ok(!Object.values(named(run, "registry-service").inputs).some(isSecret));
  });

  it("has the web console among its outputs", () => {
    assert.equal(run.outputs["webConsole"], "https://192.168.76.1:9090");
  });

  it("logs the host's progress where there is no secret in it", async () => {
    const plainRun = await runProgram({ standIn, stack: "rhel" });
    assert.equal(named(plainRun, "host-setup").inputs["logging"], "stderr");
    assert.ok(!("subscription" in stdin(plainRun, "host-setup")));
  });
});

describe("the committed stack files", function () {
  this.timeout("60s");
  const refs: Record<string, string> = {
    dev: "debian/trixie/x86_64/edge",
    rhel: "rhel/9/x86_64/edge",
    centos: "centos/9/x86_64/edge",
    fedora: "fedora/42/x86_64/edge",
  };

  it("are these", () => {
    const files = readdirSync(".").flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []);
    assert.deepEqual(files.sort(), Object.keys(refs).sort());
  });

  for (const [stack, ref] of Object.entries(refs)) {
    it(`${stack} makes a lab of ${ref}`, async () => {
      const run = await runProgram({ standIn, stack });
      assert.equal(stdin(run, "commit-0.0.1-compose")["ref"], ref);
    });
  }
});
