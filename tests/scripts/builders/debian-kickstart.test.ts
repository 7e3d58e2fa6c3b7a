import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { renderKickstart } from "../../../lib/kickstart";
import { HASH, KEY, kickstartArgs } from "../../support/kickstart";

const LIB = "assets/builders/debian/installer/lib";
const BASE = [
  "clearpart --all --initlabel",
  "autopart",
  "ostreesetup --osname=edge --remote=edge --url=http://192.0.2.1:8000/repo --ref=a/b/c",
];

describe("debian installer, kickstart", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "edge-ks-"))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** Reads a kickstart as the installer does; returns its variables, or the reason for the rejection. */
  const read = (text: string, then = ":"): { variables: Record<string, string>; failed: string } => {
    writeFileSync(join(dir, "ks.cfg"), text);
    const { stdout } = spawnSync(
      "dash",
      [
        "-euc",
        `. ${LIB}/log.sh; . ${LIB}/kickstart.sh; failed() { echo "FAILED: $*"; exit 1; }; kickstart_read "$1"; ${then}; set`,
        "-",
        join(dir, "ks.cfg"),
      ],
      {
        encoding: "utf8",
        env: { PATH: process.env["PATH"], KS_DIR: join(dir, "ks"), LOG: join(dir, "log") },
      },
    );
    const variables = Object.fromEntries(
      [...stdout.matchAll(/^(KS_\w+)='(.*)'$/gm)].map((m) => [m[1] ?? "", m[2] ?? ""]),
    );
    return { variables, failed: /^FAILED: (.*)$/m.exec(stdout)?.[1] ?? "" };
  };

  it("reads everything that the lab's kickstart says", () => {
    const text = renderKickstart(kickstartArgs());
    const { variables, failed } = read(text);
    assert.equal(failed, "");
    assert.equal(variables["KS_ostreesetup_url"], "http://192.168.76.1:8000/repo");
    assert.equal(
      variables["KS_bootloader_append"],
      "console=tty0 console=ttyS0,115200n8 panic=10 oops=panic quiet",
    );
    assert.equal(variables["KS_user_1_password"], HASH);
    assert.equal(variables["KS_sshkey_1_word"], `${KEY} lab@host`);
    assert.equal(variables["KS_FINISH"], "reboot");
    const script = readFileSync(join(dir, "ks/script.1"), "utf8");
    assert.equal(script.trimEnd(), /^%post.*\n([^]*?)\n%end/m.exec(text)?.[1]);
  });

  it("takes in what a %pre has made, and says where that is wrong", () => {
    const include = (text: string): ReturnType<typeof read> => {
      const file = join(dir, "network.ks");
      if (text !== "") writeFileSync(file, text);
      return read([...BASE, `%include ${file}`, ""].join("\n"), "kickstart_includes");
    };
    assert.match(include("").failed, /%include .*network\.ks: no %pre has made it/);
    const { variables, failed } = include(
      "# made\nnetwork --bootproto=static --device=52:54:00:00:00:01 --ip=10.0.0.2",
    );
    assert.equal(failed, "");
    assert.equal(variables["KS_network_bootproto"], "static");
    assert.equal(variables["KS_network_device"], "52:54:00:00:00:01");
    assert.equal(variables["KS_network_ip"], "10.0.0.2");
    assert.match(
      include("zerombr\nvolgroup x\n").failed,
      /line 2: the directive 'volgroup' is not supported/,
    );
  });

  it("keeps several scripts apart, with their options and lines", () => {
    const { variables } = read(
      [
        ...BASE,
        "%post --erroronfail",
        "echo a",
        "%end",
        "%pre --interpreter=/bin/dash",
        "echo b",
        "%end",
        "",
      ].join("\n"),
    );
    assert.equal(variables["KS_SCRIPTS"], "2");
    assert.equal(variables["KS_script_1_erroronfail"], "yes");
    assert.equal(variables["KS_script_1_kind"], "post");
    assert.equal(variables["KS_script_2_interpreter"], "/bin/dash");
    assert.equal(readFileSync(join(dir, "ks/script.2"), "utf8"), "echo b\n");
  });

  const refused: [string, string[], RegExp][] = [
    [
      "a directive that it does not know",
      [...BASE, "volgroup pv"],
      /line 4: the directive 'volgroup' is not supported/,
    ],
    [
      "an option that it does not know",
      [...BASE, "user --name=core --homedir=/x"],
      /line 4: user does not know --homedir/,
    ],
    ["a word too many", [...BASE, "reboot now"], /line 4: 'now' is not expected after reboot/],
    [
      "a section that it does not know",
      [...BASE, "%packages", "%end"],
      /the directive '%packages' is not supported/,
    ],
    ["a script without an end", [...BASE, "%post", "echo"], /the last script has no %end/],
    ["quotes without an end", [...BASE, 'bootloader --append="a b'], /line 4: unmatched quotes/],
    ["no ostreesetup", BASE.slice(0, 2), /ostreesetup with --osname is required/],
    ["a disk that it may not clear", BASE.slice(1), /clearpart --all is required/],
  ];
  for (const [what, lines, reason] of refused) {
    it(`refuses ${what}`, () => assert.match(read(lines.join("\n") + "\n").failed, reason));
  }

  it("expands nothing", () => {
    const { variables } = read([...BASE, 'bootloader --append="a=$(id) b=`id` c=$HOME"', ""].join("\n"));
    assert.equal(variables["KS_bootloader_append"], "a=$(id) b=`id` c=$HOME");
  });
});
