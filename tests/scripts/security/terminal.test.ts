import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

import { printable } from "../../../protocol/text";

/** Runs bash with the host scripts' log.sh, as their prologue sources it. */
function logged(script: string, input: string | Buffer = "", locale = "C.UTF-8"): Buffer {
  const { stdout, stderr, status } = spawnSync(
    "bash",
    ["--norc", "-euo", "pipefail", "-c", `STATE_DIR=/nonexistent; . assets/host/lib/log.sh; ${script}`],
    { input, env: { PATH: process.env["PATH"], LC_ALL: locale } },
  );
  return Buffer.concat([stdout, stderr, Buffer.from(status === 0 ? "" : `status ${status}`)]);
}
const CLEAN = 'printable "$(cat; echo .)"; printf %s "${PRINTABLE%.}"';

describe("text in the output of a host script", () => {
  it("is cleaned of the same characters as elsewhere", () => {
    const points = [
      ...Array.from({ length: 0x2100 }, (_, i) => i),
      ...[
        0xfe00, 0xfe0f, 0xfeff, 0xfff8, 0xfff9, 0xfffb, 0xfffd, 0x1f642, 0xe0000, 0xe0041, 0xe007f, 0xe0100,
      ],
    ].filter((point) => point !== 0 && point !== 0x0d);
    const text = points.map((point) => `é${String.fromCodePoint(point)}é`).join("\n");
    assert.equal(logged(CLEAN, text).toString(), printable(text));
  });

  it("is clean also where bytes that are no text meet when others are gone", () => {
    for (const bytes of [
      [0xc2, 0x07, 0x9b],
      [0xc2, 0x1b, 0x1b, 0x9b],
      [0xe2, 0x80, 0x07, 0xae],
      [0xc2, 0xc2, 0x9b, 0x9b, 0x41],
      [0xe2, 0xe2, 0x80, 0xae, 0x80, 0xae],
      [0xf0, 0x9f, 0x07, 0x99, 0x82],
    ]) {
      const shown = logged(CLEAN, Buffer.from(bytes)).toString();
      assert.equal(printable(shown), shown, JSON.stringify(bytes));
    }
  });

  it("is printed clean by say, by die, and after a tool that failed", () => {
    const evil = "$'a\\e[31mb\\u009bc\\u202ed\\a'";
    assert.equal(logged(`say service ${evil}`).toString(), "service: a[31mbcd\n");
    assert.equal(logged(`die ${evil}`).toString(), "error: a[31mbcd\nstatus 1");
    const failed = logged(
      `STATE_DIR=$(mktemp -d); trap 'rm -rf "$STATE_DIR"' EXIT; run_logged tool bash -c 'printf "%s\\0\\n" "$1"; exit 3' - ${evil}`,
    ).toString();
    assert.match(failed, /^error: bash ended with status 3; .*\n {2}a\[31mbcd\nstatus 3$/);
  });

  it("loses no letter in another locale", () => {
    assert.equal(logged("say x $'u0089-f\\e2028'", "", "C").toString(), "x: u0089-f2028\n");
  });
});
