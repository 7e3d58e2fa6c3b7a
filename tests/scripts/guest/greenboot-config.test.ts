import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { Guest } from "../support/guest";

const CONF = "etc/greenboot/greenboot.conf";

interface Config {
  attempts: string;
  enabled: string;
  grace: string;
  disabled: string[];
  warnings: string[];
}

describe("guest: greenboot.conf", () => {
  let guest: Guest;
  beforeEach(() => (guest = new Guest()));
  afterEach(() => guest.remove());

  /** What the devices' programs make of a file; undefined is no file. */
  const config = (text: string | undefined, env = ""): Config => {
    if (text === undefined) guest.shell(`rm "$ROOT/${CONF}"`);
    else guest.write(CONF, text);
    const out = guest.shell(`
      ${env}
      . "$ROOT/usr/libexec/edge/lib/greenboot-config.sh"
      edge_load_env
      greenboot_config
      printf '%s\\n' "$GREENBOOT_MAX_BOOT_ATTEMPTS" "$GREENBOOT_WATCHDOG_CHECK_ENABLED" "$GREENBOOT_WATCHDOG_GRACE_PERIOD"
      for w in "\${DISABLED_HEALTHCHECKS[@]}"; do printf 'check %s\\n' "$w"; done
      for w in "\${GREENBOOT_WARNINGS[@]}"; do printf 'warning %s\\n' "$w"; done`);
    const [attempts = "", enabled = "", grace = "", ...rest] = out.trimEnd().split("\n");
    const of = (word: string): string[] =>
      rest.filter((l) => l.startsWith(`${word} `)).map((l) => l.slice(word.length + 1));
    return { attempts, enabled, grace, disabled: of("check"), warnings: of("warning") };
  };
  const DEFAULTS: Config = { attempts: "3", enabled: "false", grace: "24", disabled: [], warnings: [] };

  describe("as greenboot 0.15 documents it", () => {
    for (const [what, text, expected] of [
      ["no file", undefined, {}],
      ["an empty file", "", {}],
      ["the image's own", readFileSync(`assets/guest/${CONF}`, "utf8"), {}],
      [
        "the documented example",
        '# Generic\nGREENBOOT_MAX_BOOT_ATTEMPTS=2\nGREENBOOT_WATCHDOG_CHECK_ENABLED=True\nGREENBOOT_WATCHDOG_GRACE_PERIOD=48\nDISABLED_HEALTHCHECKS=(\n\t"01_repository_dns_check.sh" \n\t"02_watchdog.sh"\n)\n',
        {
          attempts: "2",
          enabled: "true",
          grace: "48",
          disabled: ["01_repository_dns_check.sh", "02_watchdog.sh"],
        },
      ],
      [
        "one line",
        "DISABLED_HEALTHCHECKS=(a.sh 'b c.sh' \"d.sh\")",
        { disabled: ["a.sh", "b c.sh", "d.sh"] },
      ],
      [
        "comments, blanks, an end on a line of names",
        "DISABLED_HEALTHCHECKS=( # these\n\n  a.sh # not b.sh\n  # c.sh\n  d.sh )  # end\nGREENBOOT_MAX_BOOT_ATTEMPTS=4 # four\n",
        { disabled: ["a.sh", "d.sh"], attempts: "4" },
      ],
      [
        "the last one counts",
        "DISABLED_HEALTHCHECKS=(a.sh)\nDISABLED_HEALTHCHECKS=(b.sh)\n",
        { disabled: ["b.sh"] },
      ],
      [
        "more is added",
        'export DISABLED_HEALTHCHECKS=(a.sh)\nDISABLED_HEALTHCHECKS+=("b.sh")\n',
        { disabled: ["a.sh", "b.sh"] },
      ],
      ["one name alone", "DISABLED_HEALTHCHECKS=a.sh\n", { disabled: ["a.sh"] }],
      [
        "line ends of another system",
        'DISABLED_HEALTHCHECKS=("a.sh")\r\nGREENBOOT_MAX_BOOT_ATTEMPTS=2\r\n',
        { disabled: ["a.sh"], attempts: "2" },
      ],
      ["no newline at the end", "GREENBOOT_MAX_BOOT_ATTEMPTS=5", { attempts: "5" }],
    ] as const) {
      it(what, () => assert.deepEqual(config(text), { ...DEFAULTS, ...expected }));
    }

    it("the attempts: from the file, else the environment, else edge.conf", () => {
      guest.write("etc/edge/edge.conf", "GREENBOOT_MAX_BOOT_ATTEMPTS=4\n");
      assert.equal(config("").attempts, "4");
      assert.equal(config("", "GREENBOOT_MAX_BOOT_ATTEMPTS=2").attempts, "2");
      assert.equal(config("GREENBOOT_MAX_BOOT_ATTEMPTS=1", "GREENBOOT_MAX_BOOT_ATTEMPTS=2").attempts, "1");
    });

    it("grub.cfg counts as far as is taken", () => {
      const steps = readFileSync("assets/builders/debian/installer/grub.cfg", "utf8").matchAll(
        /"\$\{boot_counter\}" = "(\d+)" \]; then\n +set boot_counter=(\d+)/g,
      );
      const counted = [...steps].map(([, from, to]) => [Number(from), Number(to)]);
      assert.ok(counted.length > 2);
      assert.ok(counted.every(([from = 0, to = 0]) => to === from - 1));
      // Any other number is one more than the highest that has a step of its own.
      const highest = Math.max(...counted.map(([from = 0]) => from)) + 1;
      assert.equal(config(`GREENBOOT_MAX_BOOT_ATTEMPTS=${highest}`).attempts, String(highest));
      const over = config(`GREENBOOT_MAX_BOOT_ATTEMPTS=${highest + 1}`);
      assert.equal(over.attempts, String(highest));
      assert.equal(over.warnings.length, 1);
    });
  });

  describe("what does not hold is a warning with file, line and rule, and the rest counts", () => {
    for (const [what, text, expected, warning] of [
      [
        "a list without parentheses",
        "\nDISABLED_HEALTHCHECKS=a.sh b.sh\n",
        { disabled: ["a.sh", "b.sh"] },
        /^\/etc\/greenboot\/greenboot\.conf:2: DISABLED_HEALTHCHECKS is no list; rule: DISABLED_HEALTHCHECKS=\("one\.sh" "two\.sh"\)/,
      ],
      [
        "a list in one string",
        'DISABLED_HEALTHCHECKS="a.sh b.sh"\n',
        { disabled: ["a.sh", "b.sh"] },
        /:1: DISABLED_HEALTHCHECKS is no list/,
      ],
      [
        "a list without an end",
        'DISABLED_HEALTHCHECKS=(\n"a.sh"\n',
        { disabled: ["a.sh"] },
        /:1: DISABLED_HEALTHCHECKS is a list without its "\)"/,
      ],
      [
        "a list without an end before another key",
        "DISABLED_HEALTHCHECKS=(a.sh\nGREENBOOT_MAX_BOOT_ATTEMPTS=2\n",
        { disabled: ["a.sh"], attempts: "2" },
        /:1: DISABLED_HEALTHCHECKS is a list without/,
      ],
      [
        "what a shell would run",
        "DISABLED_HEALTHCHECKS=($(touch ran) a.sh)\nGREENBOOT_MAX_BOOT_ATTEMPTS=2\n",
        { attempts: "2" },
        /:1: not a file name: \$\(touch ran\)/,
      ],
      [
        "a quote without an end",
        'DISABLED_HEALTHCHECKS=("a.sh)\nGREENBOOT_MAX_BOOT_ATTEMPTS=2\n',
        { attempts: "2" },
        /:1: not a file name: "a\.sh\)/,
      ],
      [
        "a command",
        "reboot\nGREENBOOT_MAX_BOOT_ATTEMPTS=2\n",
        { attempts: "2" },
        /:1: not an assignment: reboot/,
      ],
      ["blanks around =", "GREENBOOT_MAX_BOOT_ATTEMPTS = 2\n", {}, /:1: not an assignment/],
      [
        "an unknown key",
        "GREENBOOT_MAX_BOOT_ATTEMPT=2\n",
        {},
        /:1: GREENBOOT_MAX_BOOT_ATTEMPT is no key; rule: GREENBOOT_MAX/,
      ],
      [
        "an unknown list",
        "CHECKS=(a.sh\nb.sh)\n",
        {},
        /:2: CHECKS is a list; rule: only DISABLED_HEALTHCHECKS/,
      ],
      [
        "attempts of zero",
        "GREENBOOT_MAX_BOOT_ATTEMPTS=0\n",
        {},
        /is "0"; rule: a whole number from 1 to 5; it stays 3/,
      ],
      ["attempts of words", "GREENBOOT_MAX_BOOT_ATTEMPTS=three\n", {}, /is "three"/],
      ["attempts without a value", "GREENBOOT_MAX_BOOT_ATTEMPTS=\n", {}, /is ""/],
      ["attempts of a sum", 'GREENBOOT_MAX_BOOT_ATTEMPTS="2+2"\n', {}, /is "2\+2"/],
      ["attempts below zero", "GREENBOOT_MAX_BOOT_ATTEMPTS=-1\n", {}, /is "-1"/],
      ["too many attempts", "GREENBOOT_MAX_BOOT_ATTEMPTS=9\n", { attempts: "5" }, /is 9; rule: at most 5/],
      ["far too many", "GREENBOOT_MAX_BOOT_ATTEMPTS=99999999999999999999\n", {}, /rule: a whole number/],
      ["two values", "GREENBOOT_MAX_BOOT_ATTEMPTS=2 4\n", {}, /has 2 words/],
      [
        "a switch of neither",
        "GREENBOOT_WATCHDOG_CHECK_ENABLED=yes\n",
        {},
        /is "yes"; rule: true or false; taken as false/,
      ],
      [
        "a period of words",
        "GREENBOOT_WATCHDOG_GRACE_PERIOD=1d\n",
        {},
        /is "1d"; rule: a whole number of hours/,
      ],
      ["a variable", "GREENBOOT_MAX_BOOT_ATTEMPTS=$HOME\n", {}, /not plain text: \$HOME/],
      [
        "NUL bytes",
        "\0\0\0GREENBOOT_MAX_BOOT_ATTEMPTS=2\n\0",
        { attempts: "2" },
        /greenboot\.conf: there are NUL bytes/,
      ],
    ] as const) {
      it(what, () => {
        const found = config(text);
        assert.deepEqual({ ...found, warnings: [] }, { ...DEFAULTS, ...expected });
        assert.equal(found.warnings.length, 1, found.warnings.join("\n"));
        assert.match(found.warnings[0] ?? "", warning);
        assert.ok(!guest.has("ran"));
      });
    }

    it("a folder in its place", () => {
      guest.shell(`rm "$ROOT/${CONF}"; mkdir "$ROOT/${CONF}"`);
      const out = guest.shell(
        '. "$ROOT/usr/libexec/edge/lib/greenboot-config.sh"; edge_load_env; greenboot_config; printf %s "${GREENBOOT_WARNINGS[*]}"',
      );
      assert.match(out, /greenboot\.conf: not a file that can be read/);
    });

    it("any bytes: bounded in number and length, without control characters", () => {
      let seed = 7;
      const bytes = Buffer.from(Array.from({ length: 8192 }, () => (seed = (seed * 75 + 74) % 65537) & 255));
      const { warnings, attempts } = config(bytes.toString("latin1"));
      assert.equal(attempts, "3");
      assert.ok(warnings.length > 0 && warnings.length <= 20);
      for (const warning of warnings) assert.match(warning, /^[\x20-\x7e]{1,360}$/);
    });
  });
});
