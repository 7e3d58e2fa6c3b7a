import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

import { hashPassword, sshCommand } from "../../lib/coreUser";

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
  const words = (stateDir: string): string[] =>
    execFileSync(
      "bash",
      ["-c", `ssh() { printf '%s\\0' "$@"; }; ${sshCommand(stateDir, "core", "192.168.76.11")}`],
      {
        encoding: "utf8",
      },
    )
      .split("\0")
      .slice(0, -1);

  it("is a command line that a shell takes apart again, whatever the state directory is called", () => {
    for (const dir of [
      "/srv/me/lab/.lab",
      "/a b/c",
      `/it's/"quoted"`,
      "/$(id)/`id`/$HOME",
      "/a\\b;c&d|e*",
      "/ü/~",
    ]) {
      assert.deepEqual(words(dir), [
        "-i",
        `${dir}/ssh/id_ed25519`,
        "-o",
        `UserKnownHostsFile=${dir}/ssh/known_hosts`,
        "-o",
        "StrictHostKeyChecking=accept-new",
        "core@192.168.76.11",
      ]);
    }
  });

  it("has no quotes where none are needed", () => {
    assert.ok(!sshCommand("/srv/lab", "core", "192.168.76.11").includes("'"));
  });
});
