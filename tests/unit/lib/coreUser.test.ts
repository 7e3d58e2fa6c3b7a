import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { hashPassword, sshCommand } from "../../../lib/coreUser";
import { labHost, type LabHost } from "../../../lib/labHost";

describe("hashPassword", () => {
  it("is crypt(3)'s SHA-512, by the specification's own example", () => {
    assert.equal(
      hashPassword("Hello world!", "saltstring"),
      "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    );
  });

  it("is the same for the same salt, so that a preview finds no change, and another for another", () => {
    assert.equal(hashPassword("x", "aaaaaaaaaaaaaaaa"), hashPassword("x", "aaaaaaaaaaaaaaaa"));
    assert.notEqual(hashPassword("x", "aaaaaaaaaaaaaaaa"), hashPassword("x", "aaaaaaaaaaaaaaab"));
    assert.notEqual(hashPassword("x", "aaaaaaaaaaaaaaaa"), hashPassword("y", "aaaaaaaaaaaaaaaa"));
  });

  it("takes passwords that are not ASCII", () => {
    assert.match(
      hashPassword("pässwörd €", "0123456789abcdef"),
      /^\$6\$0123456789abcdef\$[./0-9A-Za-z]{86}$/,
    );
  });
});

describe("sshCommand", () => {
  let base: string;
  before(() => (base = mkdtempSync(join(tmpdir(), "edge-ssh-"))));
  after(() => rmSync(base, { recursive: true }));

  const here = (stateDir: string): LabHost =>
    labHost({ libvirtUri: "qemu:///system", hostKeys: [] }, "dev", stateDir);
  const words = (host: LabHost): string[] =>
    execFileSync(
      "bash",
      ["-c", `ssh() { printf '%s\\0' "$@"; }; ${sshCommand(host, "core", "192.168.76.11")}`],
      {
        encoding: "utf8",
      },
    )
      .split("\0")
      .slice(0, -1);

  it("names its files so that shell and ssh find them, whatever the state directory is called", () => {
    for (const dir of [
      "/srv/me/lab/.lab",
      "/a b/c",
      `/it's/"quoted"`,
      "/$(id)/`id`/$HOME",
      "/a\\b;c&d|e*",
      "/ü/~",
      "/100%/%h/%%",
      "/a#b",
    ].map((name) => join(base, name))) {
      // ssh takes no key that is not there.
      mkdirSync(join(dir, "ssh"), { recursive: true });
      writeFileSync(join(dir, "ssh/id_ed25519"), "");
      const read = execFileSync("ssh", ["-G", ...words(here(dir))], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      }).split("\n");
      const value = (key: string): string | undefined =>
        read.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1);
      // ssh -G replaces placeholders in one of them only.
      assert.equal(value("identityfile"), `${dir}/ssh/id_ed25519`.replace(/%/g, "%%"));
      assert.equal(value("userknownhostsfile"), `${dir}/ssh/known_hosts`);
    }
  });

  it("takes nothing of the caller's: no configuration, agent or other key, and no host key that is not pinned", () => {
    const [, , first, second, ...all] = words(here("/srv/lab"));
    assert.deepEqual([first, second], ["-F", "none"]);
    for (const option of ["IdentitiesOnly=yes", "IdentityAgent=none", "StrictHostKeyChecking=yes"])
      assert.ok(all.includes(option), option);
  });

  it("has no quotes where none are needed", () => {
    assert.ok(!sshCommand(here("/srv/lab"), "core", "192.168.76.11").includes("'"));
  });

  it("goes to the lab's host first where that is another one, and trusts its pinned keys only", () => {
    const uri = "qemu+ssh://me@lab.example:2222/system?keyfile=/keys/lab";
    const host = labHost({ libvirtUri: uri, hostKeys: ["ssh-ed25519 AAAA"] }, "edge", "/a b%/.lab");
    const all = words(host);
    assert.deepEqual(all.slice(0, 7), ["-t", "-p", "2222", "-i", "/keys/lab", "-o", "IdentitiesOnly=yes"]);
    assert.ok(all.includes('UserKnownHostsFile="/a b%%/.lab/remote/known_hosts"'), all.join("\n"));
    assert.ok(all.includes("StrictHostKeyChecking=yes"));
    assert.deepEqual(all.slice(-2), [
      "me@lab.example",
      "sudo ssh -i /var/lib/edge-lab/edge/ssh/id_ed25519 -F none -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile=/var/lib/edge-lab/edge/ssh/known_hosts -o StrictHostKeyChecking=yes core@192.168.76.11",
    ]);
  });
});
