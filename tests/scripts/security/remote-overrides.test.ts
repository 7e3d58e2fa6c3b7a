import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { skipBecause } from "../../support/skip";
import { SshHost } from "../support/sshHost";

const MARK = "marked-by-the-operator";

/** Against a real sshd in its own namespaces. */
describe("the configuration of a lab on another host", () => {
  let host: SshHost;
  const path = process.env["PATH"];
  before(async function () {
    if (process.getuid?.() !== 0) skipBecause(this, "namespaces need root");
    this.timeout("60s");
    host = await SshHost.start();
    symlinkSync(join(process.cwd(), "node_modules"), join(host.path, "node_modules"));
    host.stackFile();
    mkdirSync(join(host.path, ".lab/config"), { recursive: true });
    writeFileSync(
      join(host.path, ".lab/config/Pulumi.dev.yaml"),
      `config:\n  edge-lab:network: { name: ${MARK} }\n  edge-lab:targetVersion: 0.0.1\n`,
    );
    // An ssh that notes its words, which are the command line of both hosts.
    mkdirSync(join(host.path, "noting"));
    const words = join(host.path, "words");
    writeFileSync(
      join(host.path, "noting/ssh"),
      `#!/bin/bash\nprintf '%s\\n' "$@" >>'${words}'\nexec /usr/bin/ssh "$@"\n`,
      { mode: 0o755 },
    );
    process.env["PATH"] = `${join(host.path, "noting")}:${path ?? ""}`;
  });
  after(async () => {
    process.env["PATH"] = path;
    // Without root nothing was started.
    if (process.getuid?.() === 0) await host.stop();
  });

  it("reaches the verbs there, and stands on no command line", async () => {
    const { status, stdout, stderr } = await host.lab("status", "--json");
    assert.equal(status, 0, stderr);
    assert.match(stdout, /"targetVersion": "0\.0\.1"/);
    const words = readFileSync(join(host.path, "words"), "utf8");
    assert.match(words, /remote-verb\.sh dev [0-9a-f]{32} status --json/);
    assert.ok(!words.includes(MARK), words);
    assert.doesNotMatch(words, /targetVersion/);
  });

  it("lies there for root only", async () => {
    const folder = "/var/lib/edge-lab/dev/program/parcels";
    assert.match(await host.sh(`cat ${folder}/*`), new RegExp(MARK));
    assert.equal(await host.sh(`stat -c %a ${folder} ${folder}/*`), "700\n600");
  });

  it("is sent again only when it has changed", async () => {
    const connections = (): number =>
      readFileSync(join(host.path, "words"), "utf8").match(/^BatchMode=yes$/gm)?.length ?? 0;
    const before = connections();
    assert.equal((await host.lab("status", "--json")).status, 0);
    assert.equal(connections() - before, 1);
    writeFileSync(
      join(host.path, ".lab/config/Pulumi.dev.yaml"),
      "config:\n  edge-lab:targetVersion: 0.0.2\n",
    );
    assert.match((await host.lab("status", "--json")).stdout, /"targetVersion": "0\.0\.2"/);
  });
});
