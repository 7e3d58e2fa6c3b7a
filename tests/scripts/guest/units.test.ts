import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { needs } from "../support/sandbox";

const GUEST = "assets/guest";
const SYSTEM = `${GUEST}/usr/lib/systemd/system`;
const USER = `${GUEST}/usr/lib/systemd/user`;

/** Units in a folder; templates get an instance. */
function units(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\.(service|socket|timer|path|target)$/.test(name))
    .map((name) => name.replace("@.", "@x."));
}

/** Output of `systemd-analyze verify`, without complaints about programs that only the image has. */
function verify(folder: string, unit: string, scope: "--system" | "--user"): string[] {
  const runtime = mkdtempSync(join(tmpdir(), "edge-units-"));
  const { stdout, stderr } = spawnSync("systemd-analyze", [scope, "verify", "--man=no", unit], {
    encoding: "utf8",
    env: { ...process.env, SYSTEMD_UNIT_PATH: `${process.cwd()}/${folder}:`, XDG_RUNTIME_DIR: runtime },
  });
  rmSync(runtime, { recursive: true });
  return `${stdout}${stderr}`.split("\n").filter((line) => {
    const program = /Command (\S+) is not executable: No such file/.exec(line)?.[1];
    // On the device, quadlet generates the container's unit.
    return (
      line !== "" &&
      !line.endsWith("Unit container-httpd.service not found.") &&
      !(program !== undefined && existsSync(GUEST + program))
    );
  });
}

function everyFile(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe("guest: units and files of the image", () => {
  describe("systemd accepts", () => {
    before(function () {
      needs(this, "systemd-analyze");
    });
    for (const unit of units(SYSTEM)) {
      it(unit, () => assert.deepEqual(verify(SYSTEM, unit, "--system"), []));
    }
    for (const unit of units(USER)) {
      it(unit, () => assert.deepEqual(verify(USER, unit, "--user"), []));
    }
  });

  it("what a unit, a check or keepalived runs can be run", () => {
    const programs = everyFile(GUEST).filter(
      (file) => /libexec\/(edge|greenboot)\/[^/]+$/.test(file) || /greenboot\/.*\.sh$/.test(file),
    );
    assert.ok(programs.length > 15);
    for (const program of programs) {
      assert.doesNotThrow(() => accessSync(program, constants.X_OK), program);
      assert.match(readFileSync(program, "utf8"), /^#!/, program);
    }
  });

  it("only the red target excludes a complete boot: a conflict elsewhere drops it from the boot's transaction", () => {
    const conflicting = units(SYSTEM)
      .map((name) => name.replace("@x.", "@."))
      .filter((name) => /^Conflicts=.*boot-complete\.target/m.test(readFileSync(join(SYSTEM, name), "utf8")));
    assert.deepEqual(conflicting, ["redboot.target"]);
  });

  it("the counter is armed before anything that was staged is finalised, and else nothing is", () => {
    const dropIn = join(SYSTEM, "ostree-finalize-staged.service.d/20-boot-counter.conf");
    const lines = readFileSync(dropIn, "utf8").split("\n");
    assert.deepEqual(
      lines.filter((line) => line.startsWith("ExecStop=")),
      [
        "ExecStop=",
        // Without a dash, so that systemd runs the next one only after success.
        "ExecStop=/usr/libexec/greenboot/greenboot-grub2-set-counter",
        "ExecStop=/usr/bin/ostree admin finalize-staged",
      ],
    );
  });

  it("every unit of ours that wants to be installed is enabled, and nothing else is by a package's wish", () => {
    for (const [folder, preset] of [
      [SYSTEM, "usr/lib/systemd/system-preset/10-edge.preset"],
      [USER, "usr/lib/systemd/user-preset/10-edge.preset"],
    ] as const) {
      const lines = readFileSync(join(GUEST, preset), "utf8").trim().split("\n");
      assert.equal(lines.at(-1), "disable *");
      const enabled = lines.filter((line) => line.startsWith("enable ")).map((line) => line.slice(7));
      const matches = (unit: string): boolean =>
        enabled.some((glob) =>
          new RegExp(`^${glob.replaceAll(".", "\\.").replaceAll("*", ".*")}$`).test(unit),
        );
      for (const unit of readdirSync(folder).filter((name) => /\.\w+$/.test(name) && !name.endsWith(".d"))) {
        if (/^\[Install\]/m.test(readFileSync(join(folder, unit), "utf8"))) {
          assert.ok(matches(unit), `${unit} is not in ${preset}`);
        }
      }
    }
  });

  it("no session and no timer but the health check can mark a boot as good", () => {
    for (const unit of [
      "system/grub-boot-success.timer",
      "user/grub-boot-success.timer",
      "system/grub-common.service",
    ]) {
      assert.equal(readlinkSync(join(GUEST, "etc/systemd", unit)), "/dev/null");
    }
  });

  it("nft accepts the firewall", function () {
    needs(this, "nft", "unshare");
    const { status, stderr } = spawnSync(
      "unshare",
      ["--net", "nft", "--check", "--file", `${GUEST}/etc/nftables.conf`],
      {
        encoding: "utf8",
      },
    );
    assert.equal(status, 0, stderr);
  });
});
