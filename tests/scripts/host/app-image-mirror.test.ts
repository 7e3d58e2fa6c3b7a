import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const DEBIAN = /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));

describe("Debian mirror", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "edge-mirror-"))));
  afterEach(() => rmSync(dir, { recursive: true }));

  /** Output of the library on a host whose apt has these repositories: `URI|origin|label`. */
  const sources = (
    repositories: string[],
    env: Record<string, string> = {},
  ): { status: number | null; lines: string[]; stderr: string } => {
    writeFileSync(join(dir, "apt-get"), `#!/bin/sh\ncat "\${0%/*}/list"\n`, { mode: 0o755 });
    writeFileSync(join(dir, "list"), repositories.map((line) => `${line}\n`).join(""));
    const script = "set -euo pipefail; . assets/host/lib/debian-mirror.sh; debian_sources trixie";
    const result = spawnSync("bash", ["-c", script], {
      encoding: "utf8",
      env: { PATH: `${dir}:${process.env["PATH"] ?? ""}`, ...env },
    });
    const lines = result.stdout.split("\n").filter((line) => line !== "");
    return {
      status: result.status,
      lines: lines.map((l) => l.replace(/ \[[^\]]*\]/, "")),
      stderr: result.stderr,
    };
  };

  it("is the host's own, with its security archive", () => {
    const { lines } = sources([
      "http://other.example/apt/|Other|Other",
      "http://mirror.example/debian/|Debian|Debian",
      "http://second.example/debian/|Debian|Debian",
      "http://mirror.example/debian-security/|Debian|Debian-Security",
    ]);
    assert.deepEqual(lines, [
      "deb http://mirror.example/debian trixie main",
      "deb http://mirror.example/debian-security trixie-security main",
    ]);
  });

  it("is known before the host has fetched any list, where the host is Debian itself", function () {
    const { lines, status } = sources([
      "mirror+file:/etc/apt/mirrors/debian.list/||",
      "http://m.example/debian-security/||",
    ]);
    assert.deepEqual(
      lines,
      DEBIAN
        ? [
            "deb mirror+file:/etc/apt/mirrors/debian.list trixie main",
            "deb http://m.example/debian-security trixie-security main",
          ]
        : [],
    );
    assert.equal(status === 0, DEBIAN);
  });

  it("is the one that the environment names", () => {
    const { lines } = sources(["http://m.example/debian/|Debian|Debian"], {
      EDGE_DEBIAN_MIRROR: "http://own.example/d",
    });
    assert.deepEqual(lines, ["deb http://own.example/d trixie main"]);
  });

  it("that is nowhere is asked for", () => {
    const { status, stderr } = sources(["http://u.example/ubuntu/|Ubuntu|Ubuntu"]);
    assert.notEqual(status, 0);
    assert.match(stderr, /set EDGE_DEBIAN_MIRROR to the URI of one/);
  });
});
