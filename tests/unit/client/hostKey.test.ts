import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { hostKeyOf, pinHostKey } from "../../../client/hostKey";
import { consoleLog } from "../../../protocol/paths";
import { TempDir } from "../../support/tempProject";

const key = (letter: string): string => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${letter.repeat(43)}`;

describe("a device's host key", () => {
  let dir: TempDir;
  beforeEach(() => {
    dir = new TempDir();
  });
  afterEach(() => dir.remove());

  const tells = (device: string, text: string): void => {
    const path = consoleLog(dir.path, device);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  const pin = (device: string, address: string): void => pinHostKey({ stateDir: dir.path, device, address });
  const known = (): string[] => readFileSync(join(dir.path, "ssh/known_hosts"), "utf8").split("\n");

  it("is what the console names last, in a whole line of its own", () => {
    assert.equal(hostKeyOf(`edge: host key ${key("a")}\nlogin:\nedge: host key ${key("b")}\n`), key("b"));
    for (const text of [
      "",
      `edge: host key ${key("a").slice(0, -1)}\n`,
      `edge: host key ${key("a")}A\n`,
      `edge: host key ${key("a")} x\n`,
      `said: edge: host key ${key("a")}\n`,
      `edge: host key ssh-rsa ${"A".repeat(68)}\n`,
    ])
      assert.equal(hostKeyOf(text), undefined, text);
  });

  it("is pinned as the console has it, each device's beside the others'", () => {
    tells("one", `noise\r\n\r\nedge: host key ${key("a")}\r\nlogin: `);
    tells("two", `edge: host key ${key("b")}\r\n`);
    pin("one", "198.51.100.11");
    pin("two", "198.51.100.1");
    pin("two", "198.51.100.1");
    assert.deepEqual(known(), [`198.51.100.11 ${key("a")}`, `198.51.100.1 ${key("b")}`, ""]);
    assert.equal(statSync(join(dir.path, "ssh/known_hosts")).mode & 0o777, 0o600);
  });

  it("replaces one that was trusted at first use", () => {
    mkdirSync(join(dir.path, "ssh"));
    const other = `198.51.100.12 ${key("c")}`;
    writeFileSync(
      join(dir.path, "ssh/known_hosts"),
      `198.51.100.11 ${key("x")}\n${other}\n198.51.100.11 ssh-rsa AAAA\n`,
    );
    tells("one", `edge: host key ${key("a")}\n`);
    pin("one", "198.51.100.11");
    assert.deepEqual(known(), [other, `198.51.100.11 ${key("a")}`, ""]);
  });

  it("stays where a console tells none, or there is none", () => {
    tells("one", `edge: host key ${key("a")}\n`);
    pin("one", "198.51.100.11");
    tells("one", "rotated\n");
    pin("one", "198.51.100.11");
    rmSync(consoleLog(dir.path, "one"));
    pin("one", "198.51.100.11");
    assert.deepEqual(known(), [`198.51.100.11 ${key("a")}`, ""]);
  });
});
