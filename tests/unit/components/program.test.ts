import assert from "node:assert/strict";
import { accessSync, constants } from "node:fs";

import { hashPassword } from "../../../lib/coreUser";
import { isSecret, plain, runProgram, type ProgramRun, type Registration } from "../../support/program";
import { PASSWORD, PRIVATE_KEY, standIn } from "../../support/standIns";

const COMMAND = "command:local:Command";
const SALT = "0123456789abcdef";

for (const preview of [false, true]) {
  describe(`the program in ${preview ? "a preview" : "an update"}`, () => {
    let run: ProgramRun;
    before(async function () {
      this.timeout("60s");
      run = await runProgram({ standIn, preview });
    });
    const named = (name: string): Registration =>
      run.resources.find((r) => r.name === name) ?? assert.fail(`there is no resource ${name}`);
    const commands = (): Registration[] => run.resources.filter((r) => r.type === COMMAND);
    const environment = (name: string): Record<string, string> =>
      plain(named(name).inputs["environment"]) as Record<string, string>;

    it("registers every resource once, under a name of its own", () => {
      const urns = run.resources.map((r) => r.urn);
      assert.equal(new Set(urns).size, urns.length);
      const names = run.resources.map((r) => `${r.custom ? "resource" : "component"} ${r.name}`);
      assert.equal(new Set(names).size, names.length);
    });

    it("has components of one package, below one at the top", () => {
      for (const component of run.resources.filter((r) => !r.custom)) {
        assert.match(component.type, /^edge-lab:index:[A-Z][A-Za-z]+$/);
      }
      assert.deepEqual(
        run.resources.filter((r) => r.parent === "").map((r) => r.name),
        ["edge-lab"],
      );
    });

    it("names each child after the component that it belongs to", () => {
      for (const child of run.resources.filter((r) => r.custom && r.name !== "pool")) {
        assert.ok(child.name.startsWith(`${child.parent}-`), `${child.name} below ${child.parent}`);
      }
    });

    it("makes every Command by the one helper: constant text, values outside of it", () => {
      assert.ok(commands().length > 15);
      for (const { name, inputs, deleteBeforeReplace, timeouts } of commands()) {
        assert.match(
          String(inputs["create"]),
          /^exec \.\/assets\/host\/[a-z-]+\.sh( operations\/[a-z]+\/main\.ts)? apply$/,
          name,
        );
        assert.equal(inputs["update"], undefined, name);
        if (inputs["delete"] !== undefined) {
          assert.equal(inputs["delete"], String(inputs["create"]).replace(/apply$/, "destroy"), name);
        }
        assert.equal(inputs["addPreviousOutputInEnv"], name === "core-ssh-key", name);
        assert.equal(inputs["dir"], undefined, name);
        assert.equal(typeof plain(inputs["stdin"]), "string", name);
        assert.ok(deleteBeforeReplace, name);
        for (const timeout of timeouts) assert.match(timeout, /^\d+m$/, name);
        for (const key of Object.keys(environment(name))) assert.match(key, /^EDGE_[A-Z0-9_]+$/, name);
      }
    });

    it("runs scripts that are there and can be run", () => {
      for (const { inputs } of commands()) {
        const [, script = "", program] = String(inputs["create"]).split(" ");
        accessSync(script, constants.X_OK);
        if (program !== undefined && program !== "apply") accessSync(program);
      }
    });

    it("runs a Command again when its script changes, and only that one", () => {
      const hashes = commands().map((c) => environment(c.name)["EDGE_SOURCES"]);
      for (const hash of hashes) assert.match(hash ?? "", /^[0-9a-f]{16}$/);
      assert.ok(new Set(hashes).size > 8);
    });

    it("keeps password, hash and private key out of everything that is not secret", () => {
      const secrets = [PASSWORD, hashPassword(PASSWORD, SALT), PRIVATE_KEY.split("\n")[1] ?? ""];
      const open = (value: unknown): string => {
        if (isSecret(value)) return "";
        if (Array.isArray(value)) return value.map(open).join("\n");
        if (typeof value !== "object" || value === null) return String(value);
        return Object.entries(value)
          .map(([key, v]) => `${key}=${open(v)}`)
          .join("\n");
      };
      for (const { name, inputs } of run.resources) {
        for (const secret of secrets) assert.ok(!open(inputs).includes(secret), `${name} shows ${secret}`);
      }
      assert.deepEqual(run.secretOutputs.sort(), ["corePassword", "sshPrivateKey"]);
    });

    it("logs nothing of a Command with a secret, and keeps what it prints secret", () => {
      for (const name of ["core-ssh-key", "iso-primary-make", "iso-backup-make", "edge-device-1-settings"]) {
        const { inputs, additionalSecretOutputs } = named(name);
        assert.equal(inputs["logging"], "none", name);
        assert.deepEqual(additionalSecretOutputs.sort(), ["stderr", "stdout"], name);
      }
      for (const { name, inputs } of commands().filter((c) => c.additionalSecretOutputs.length === 0)) {
        assert.equal(inputs["logging"], "stderr", name);
        assert.ok(!Object.values(inputs).some(isSecret), name);
      }
      assert.ok(isSecret(named("iso-primary-make").inputs["stdin"]));
    });

    it("waits for the host before anything writes or listens", () => {
      for (const { name, uses } of commands().filter((c) => c.name !== "host-setup")) {
        assert.ok(uses["environment"]?.includes("host-setup"), name);
      }
      assert.deepEqual(named("host-libvirt").uses["uri"], ["host-setup"]);
      for (const name of ["registry-service", "depot-service"]) {
        assert.ok(named(name).uses["environment"]?.includes("bridge-network"), name);
      }
    });

    it("composes each release on the one before, after its blueprint was taken", () => {
      assert.deepEqual(named("commit-0.0.1-compose").uses["stdin"], ["blueprint-0.0.1-push"]);
      assert.deepEqual(named("commit-0.0.2-compose").uses["stdin"], [
        "blueprint-0.0.2-push",
        "commit-0.0.1-compose",
      ]);
    });

    /** Names of all resources that must exist before a given one. */
    const needs = (name: string, found = new Set<string>()): Set<string> => {
      for (const used of Object.values(named(name).uses).flat()) {
        if (found.has(used)) continue;
        found.add(used);
        needs(used, found);
      }
      return found;
    };

    it("composes the second release while devices install the first", () => {
      assert.ok(needs("edge-device-2-ready").has("commit-0.0.1-compose"));
      assert.ok(!needs("edge-device-2-ready").has("commit-0.0.2-compose"));
    });

    it("installs one device after the other, from the published ref", () => {
      assert.ok(needs("edge-device-2-domain").has("edge-device-1-installed"));
      for (const name of needs("edge-device-1-ready")) assert.ok(!name.startsWith("edge-device-2"), name);
      for (const i of [1, 2]) {
        const device = `edge-device-${i}`;
        assert.ok(needs(`${device}-domain`).has("published-publish"));
        assert.ok(needs(`${device}-installed`).has(`${device}-domain`));
        assert.ok(needs(`${device}-ready`).has(`${device}-installed`));
        assert.ok(needs(`${device}-settings`).has(`${device}-ready`));
      }
      for (const role of ["primary", "backup"]) {
        assert.ok(named(`iso-${role}-make`).uses["stdin"]?.includes("published-publish"), role);
      }
      assert.ok(named("published-publish").uses["environment"]?.includes("commit-0.0.1-compose"));
    });

    it("waits for the app on the devices, and rolls out the target's commit after that", () => {
      for (const name of ["edge-device-1-settings", "edge-device-2-settings", "app-prod-push"]) {
        assert.ok(named("app-served").uses["environment"]?.includes(name), name);
      }
      for (const name of ["commit-0.0.2-compose", "edge-device-1-settings", "edge-device-2-settings"]) {
        assert.ok(named("os-rollout").uses["environment"]?.includes(name), name);
      }
      assert.ok(needs("os-rollout").has("app-served"));
    });

    it("pushes the app's versions before the name that points to one of them", () => {
      assert.deepEqual(
        named("app-prod-push").uses["environment"]?.filter((n) => n.startsWith("app-")),
        ["app-v1-push", "app-v2-push"],
      );
      assert.equal(environment("app-prod-push")["EDGE_APP_SOURCE"], "v1");
    });

    it("gives the stack the documented outputs", () => {
      assert.deepEqual(Object.keys(run.outputs).sort(), [
        "appUrl",
        "contentUrl",
        "corePassword",
        "devices",
        "registry",
        "releases",
        "sshCommand",
        "sshPrivateKey",
        "vip",
      ]);
      assert.equal(run.outputs["vip"], "192.168.76.100");
      assert.equal(run.outputs["appUrl"], "http://192.168.76.100:8080/");
    });
  });
}
