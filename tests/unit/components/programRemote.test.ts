import assert from "node:assert/strict";

import { plain, runProgram, type ProgramRun, type Registration } from "../../support/program";
import { PUBLIC_KEY, standIn } from "../../support/standIns";

const config = { libvirtUri: "qemu+ssh://root@lab.example/system", hostKeys: [PUBLIC_KEY] };

describe("the program with another host", () => {
  let here: ProgramRun;
  let run: ProgramRun;
  /** The host scripts answer as on this host; only the prefix of the command differs. */
  const there: typeof standIn = (type, inputs) =>
    standIn(type, {
      ...inputs,
      ...(type === "command:local:Command"
        ? { create: String(inputs["create"]).replace("exec ./assets/host/remote.sh ", "exec ") }
        : {}),
    });
  before(async function () {
    this.timeout("60s");
    here = await runProgram({ standIn });
    run = await runProgram({ standIn: there, config });
  });
  const commands = (of: ProgramRun): Registration[] =>
    of.resources.filter((r) => r.type === "command:local:Command");

  it("has the same resources as on this one", () => {
    assert.deepEqual(run.resources.map((r) => r.urn).sort(), here.resources.map((r) => r.urn).sort());
    for (const { name, uses, dependencies } of run.resources) {
      const same = here.resources.find((r) => r.name === name);
      assert.deepEqual({ uses, dependencies }, { uses: same?.uses, dependencies: same?.dependencies }, name);
    }
  });

  it("runs every script there, by the same words", () => {
    assert.ok(commands(run).length > 15);
    for (const { name, inputs } of commands(run)) {
      const same = commands(here).find((c) => c.name === name)?.inputs ?? {};
      for (const key of ["create", "delete"]) {
        const text = same[key] as string | undefined;
        assert.equal(inputs[key], text?.replace("exec ", "exec ./assets/host/remote.sh "), name);
      }
    }
  });

  it("gives each script that host's folder and libvirt, and how to get there", () => {
    for (const { name, inputs } of commands(run)) {
      const env = plain(inputs["environment"]) as Record<string, string>;
      assert.ok((env["EDGE_STATE_DIR"] ?? "").startsWith("/var/lib/edge-lab/dev"), name);
      assert.equal(env["EDGE_LIBVIRT_URI"] ?? "qemu:///system", "qemu:///system", name);
      const remote = JSON.parse(env["EDGE_REMOTE"] ?? "{}") as Record<string, unknown>;
      assert.equal(remote["host"], "lab.example");
      assert.match(String(remote["knownHosts"]), /^\* ssh-ed25519 /);
      assert.doesNotMatch(JSON.stringify({ ...env, EDGE_REMOTE: "" }), new RegExp(process.cwd()), name);
    }
  });

  it("reaches libvirt with the pinned key, once the host is ready", () => {
    const provider = run.resources.find((r) => r.name === "host-libvirt");
    assert.match(
      String(plain(provider?.inputs["uri"])),
      /^qemu\+ssh:\/\/root@lab\.example:22\/system\?knownhosts=/,
    );
    assert.deepEqual(provider?.uses["uri"], ["host-setup"]);
  });

  it("keeps secret what is secret", () => {
    assert.deepEqual(run.secretOutputs.sort(), here.secretOutputs.sort());
    for (const { name, additionalSecretOutputs } of commands(run)) {
      const same = commands(here).find((c) => c.name === name);
      assert.deepEqual(additionalSecretOutputs, same?.additionalSecretOutputs, name);
    }
  });

  it("opens a shell on a device by way of that host", () => {
    const command = (run.outputs["sshCommand"] as Record<string, string>)["edge-device-1"] ?? "";
    assert.match(command, /^ssh -t .*root@lab\.example 'ssh -i \/var\/lib\/edge-lab\/dev\/ssh\/id_ed25519 /);
  });
});
