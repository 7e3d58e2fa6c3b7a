import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { kernelArgs, renderKickstart } from "../../../lib/kickstart";
import type { Outcome } from "../../support/hostScripts";
import { HASH, KEY, kickstartArgs } from "../../support/kickstart";
import { ksvalidator } from "../../support/ksvalidator";
import { OsbuildHost, standInClient } from "../../support/osbuild/osbuildHost";
import { skipBecause } from "../../support/skip";

/** The kickstart that EdgeFleet renders for a stack with the osbuild backend. */
function kickstart(ref: string): string {
  const stack = { builder: "osbuild", bootIso: "/x.iso" };
  const user = { name: "core", groups: ["wheel"], passwordHash: HASH, authorizedKeys: [KEY] };
  return renderKickstart(kickstartArgs(stack, { ref, user, installer: "anaconda" }));
}

describe("osbuild builder: make-iso", () => {
  let host: OsbuildHost;
  let bootIso: string;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "the builder needs root");
  });
  beforeEach(async () => {
    host = new OsbuildHost(standInClient);
    await host.start();
    bootIso = join(host.path, "boot.iso");
    mkdirSync(join(host.state, "signing"));
    writeFileSync(join(host.state, "signing/public.gpg"), "the lab's key");
    iso(bootIso, "images/install.img");
    // mkksiso's command line and result: the kickstart at the top of the ISO, under its own name
    // (weldr/lorax, src/bin/mkksiso). It refuses to overwrite a file.
    host.program(
      "mkksiso",
      `echo "mkksiso $*" >>'${join(host.path, "calls")}'
[[ "$1" == -c && $# == 5 ]] || { echo "usage: mkksiso [-h] [-a ADD_PATHS] [-c CMDLINE] ks input_iso output_iso" >&2; exit 2; }
[[ ! -e $5 ]] || { echo "ERROR:$5 already exists" >&2; exit 1; }
[[ ! -e '${join(host.path, "full")}' ]] || { echo partial >"$5"; echo "xorriso : FAILURE : No space left on device" >&2; exit 1; }
mkdir "$5.d" && cp "$3" "$5.d/" && printf '%s\\n' "$2" >"$5.d/cmdline"
xorriso -as mkisofs -quiet -o "$5" "$5.d" 2>/dev/null && rm -r "$5.d"`,
    );
  });
  afterEach(() => host.remove());

  const iso = (path: string, file: string): void => {
    const dir = `${path}.d`;
    mkdirSync(join(dir, file, ".."), { recursive: true });
    writeFileSync(join(dir, file), "x");
    assert.equal(spawnSync("xorriso", ["-as", "mkisofs", "-quiet", "-R", "-o", path, dir]).status, 0);
  };
  const make = (change: object = {}): Promise<Outcome> =>
    host.verb("make-iso", {
      role: "primary",
      kickstart: kickstart("rhel/9/x86_64/edge"),
      kernelArgs: kernelArgs("primary"),
      commit: "a".repeat(64),
      bootIso,
      ...change,
    });
  const left = (): string[] => host.files("build").filter((name) => !name.endsWith(".lock"));

  it("puts the kickstart and the kernel arguments on the distribution's own ISO", async () => {
    for (let i = 0; i < 2; i++) {
      const { status, stdout, stderr } = await make();
      assert.equal(status, 0, stderr);
      const answer = JSON.parse(stdout) as { path: string; sizeBytes: number; sha256: string };
      assert.equal(answer.path, join(host.state, "iso/edge-primary.iso"));
      assert.equal(answer.sizeBytes, readFileSync(answer.path).length);
      assert.equal(statSync(answer.path).mode & 0o777, 0o600);
      assert.match(answer.sha256, /^[0-9a-f]{64}$/);
    }
    const call = host.calls("mkksiso").at(-1) ?? "";
    assert.ok(call.startsWith("mkksiso -c inst.text console=ttyS0 vip_state=MASTER vip_priority=255 "), call);
    assert.ok(call.includes(`/edge-primary.ks ${bootIso} `), call);
    assert.deepEqual(left(), []);
  });

  /** What the ISO has as its kickstart. */
  const madeKickstart = async (): Promise<string> => {
    const { path } = JSON.parse((await make()).stdout) as { path: string };
    const to = join(host.path, "ks");
    const read = spawnSync("xorriso", ["-osirrox", "on", "-indev", path, "-extract", "/edge-primary.ks", to]);
    assert.equal(read.status, 0);
    return readFileSync(to, "utf8");
  };

  it("gives the installer the lab's key, without which it would take any commit or none", async () => {
    const text = await madeKickstart();
    assert.ok(text.startsWith(kickstart("rhel/9/x86_64/edge")));
    const encoded = /base64 -d >\/usr\/share\/ostree\/trusted\.gpg\.d\/edge\.gpg <<END\n([^]*)END\n%end/.exec(
      text,
    )?.[1];
    assert.equal(Buffer.from(encoded ?? "", "base64").toString(), "the lab's key");
    assert.deepEqual(ksvalidator([text], "RHEL9"), { status: 0, complaints: [] });
  });

  it("names a key that is not there, and makes no ISO", async () => {
    rmSync(join(host.state, "signing/public.gpg"));
    const { status, stderr } = await make();
    assert.equal(status, 1);
    assert.match(
      stderr,
      /error: make-iso: there is no .*public\.gpg, so the installer could not tell .*; fix: /,
    );
    assert.deepEqual(host.calls("mkksiso"), []);
    assert.deepEqual(left(), []);
  });

  it("shows the hash to nobody: not on a command line, in a log, or in a file that stays", async () => {
    const { stdout, stderr } = await make();
    const logs = host.files("log").map((name) => host.read(join("log", name)));
    for (const text of [stdout, stderr, ...host.calls("mkksiso"), ...logs]) assert.ok(!text.includes(HASH));
    assert.deepEqual(left(), []);
  });

  for (const [what, prepare, message] of [
    [
      "is not there",
      () => ({ bootIso: "/nowhere.iso" }),
      /bootIso \/nowhere\.iso cannot be read; fix: download/,
    ],
    [
      "is no installer's",
      () => {
        const data = join(host.path, "data.iso");
        iso(data, "readme.txt");
        return { bootIso: data };
      },
      /is no boot ISO of a distribution .*; fix: take the boot or DVD ISO/,
    ],
  ] as const) {
    it(`names a boot ISO that ${what}`, async () => {
      const { status, stderr } = await make(prepare());
      assert.equal(status, 1);
      assert.match(stderr, message);
      assert.deepEqual(host.calls("mkksiso"), []);
    });
  }

  it("on a full disk ends with mkksiso's words, keeps the ISO of before, and leaves no kickstart", async () => {
    assert.equal((await make()).status, 0);
    const before = readFileSync(join(host.state, "iso/edge-primary.iso"));
    writeFileSync(join(host.path, "full"), "");
    const { status, stderr } = await make();
    assert.equal(status, 1);
    assert.match(
      stderr,
      /No space left on device[^]*error: make-iso: mkksiso could not make the ISO of role primary: .*; fix: /,
    );
    assert.ok(readFileSync(join(host.state, "iso/edge-primary.iso")).equals(before));
    assert.ok(!existsSync(join(host.state, "build/iso-primary")));
  });

  it("refuses a kernel argument that would end its line", async () => {
    const { status, stderr } = await make({ kernelArgs: ["a=b\nlinux /evil"] });
    assert.equal(status, 1);
    assert.match(stderr, /have a character that a kernel line cannot carry/);
  });

  for (const [version, ref] of [
    ["RHEL8", "rhel/8/x86_64/edge"],
    ["RHEL9", "rhel/9/x86_64/edge"],
    ["F42", "fedora/42/x86_64/edge"],
  ] as const) {
    it(`takes a kickstart that is valid for ${version}`, () => {
      assert.deepEqual(ksvalidator([kickstart(ref)], version), { status: 0, complaints: [] });
    });
  }
});
