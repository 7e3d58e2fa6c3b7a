import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import type { z } from "zod";

import { blueprintSchema } from "../../../lib/blueprintSchema";
import { schema as configSchema } from "../../../lib/configSchema";
import { renderKickstart } from "../../../lib/kickstart";
import { deviceSettingsSchema } from "../../../protocol/deviceSettings";
import { BOTH, HASH, KEY, parse, refusal } from "../../support/blueprints";
import { kickstartArgs } from "../../support/kickstart";

/** Each of them begins another line somewhere, ends a text, or moves a terminal's cursor. */
const CONTROLS = ["\n", "\r", "\r\n", "\0", "\v", "\f", "\u001b", "\u007f", "\u0085", "\u009b", "\n\n"];
/** Each key of the schemas takes at least one of these. */
const SAMPLES = [
  "x",
  "Ann, Admin",
  "1.0.0",
  "/x",
  "/srv/x",
  HASH,
  KEY,
  "0644",
  "8080:tcp",
  "C.UTF-8",
  "Europe/Berlin",
  "52:54:00:00:00:0b",
  "rhel-9",
  "qemu+ssh://me@lab.example/system",
];
/** Keys whose text may have several lines, and the controls that they take. */
const SEVERAL_LINES: Record<string, readonly string[]> = {
  "blueprint.description": ["\n", "\n\n"],
  // A file's own content.
  "blueprint.customizations.files[].data": CONTROLS,
  "blueprint.customizations.user[].key": ["\n", "\r\n", "\n\n"],
  "blueprint.customizations.sshkey[].key": ["\n", "\r\n", "\n\n"],
  // Only its hash goes further.
  "config.coreUser.password": CONTROLS,
};

/** Every key of a schema that takes text. */
function texts(of: z.core.$ZodType, path: string): [string, z.ZodType][] {
  const def = of._zod.def as z.core.$ZodTypes["_zod"]["def"];
  switch (def.type) {
    case "optional":
    case "default":
    case "prefault":
      return texts(def.innerType, path);
    case "union":
      return def.options.flatMap((option) => texts(option, path));
    case "array":
      return texts(def.element, `${path}[]`);
    case "object":
      return Object.entries(def.shape).flatMap(([key, inner]) => texts(inner, `${path}.${key}`));
    case "string":
      return [[path, of as z.ZodType]];
    default:
      return [];
  }
}

describe("a text that becomes a line of some file", () => {
  const all = [
    ...texts(blueprintSchema, "blueprint"),
    ...texts(configSchema, "config"),
    ...texts(deviceSettingsSchema, "settings"),
  ];

  it("stands in as many keys as are known", () => {
    assert.ok(all.length > 55, String(all.length));
    const known = all.map(([path]) => path);
    for (const path of Object.keys(SEVERAL_LINES)) assert.ok(known.includes(path), path);
  });

  for (const [path, leaf] of all) {
    it(`takes no control character in ${path}`, () => {
      const taken = SAMPLES.filter((sample) => leaf.safeParse(sample).success);
      assert.ok(taken.length > 0, "no sample fits it");
      const refused = CONTROLS.filter((control) => SEVERAL_LINES[path]?.includes(control) !== true);
      for (const sample of taken) {
        for (const control of refused) {
          const half = Math.ceil(sample.length / 2);
          for (const text of [
            `${sample}${control}`,
            `${control}${sample}`,
            `${sample}${control}${sample}`,
            `${sample.slice(0, half)}${control}${sample.slice(half)}`,
          ]) {
            assert.ok(!leaf.safeParse(text).success, JSON.stringify(text));
          }
        }
      }
    });
  }

  const user = (line: string): string => `[[customizations.user]]\nname = "admin"\n${line}\n`;
  for (const [what, text, key] of [
    ["a password that sets root's", user('password = "$6$x\\nroot:$6$y"'), "user[0].password"],
    ["a password with fields of shadow", user('password = "$6$x:0:99999"'), "user[0].password"],
    ["a password with a line end", user('password = "$6$x\\n"'), "user[0].password"],
    [
      "a description with another user",
      user('description = "x\\nroot2::0:0::/:/bin/sh"'),
      "user[0].description",
    ],
    ["a shell with another user", user('shell = "/bin/sh\\nx::0:0::/:/bin/sh"'), "user[0].shell"],
    ["a shell with options", user('shell = "/bin/sh -c id"'), "user[0].shell"],
    ["a home with another line of tmpfiles.d", user('home = "/srv/x\\nf /etc/x"'), "user[0].home"],
    ["a home that leads elsewhere", user('home = "/home/../etc"'), "user[0].home"],
    ["a group of two", user('groups = ["users\\nsudo"]'), "user[0].groups[0]"],
    ["a key with a control character", user(`key = "${KEY}\\u001b[2J"`), "user[0].key"],
    ["a line that is no key", user(`key = "${KEY}\\nhello"`), "user[0].key"],
    ["a time server with another setting", '[customizations.timezone]\nntpservers = ["a\\nb"]', "timezone"],
    [
      "a package with another one",
      '[[packages]]\nname = "vim"\nversion = "1\\nssh *"',
      "packages[0].version",
    ],
  ] as const) {
    it(`is refused in a blueprint: ${what}`, () => {
      for (const builder of BOTH) assert.ok(refusal(text, builder).includes(key), refusal(text, builder));
    });
  }

  it("is refused in a list that osbuild writes into a repository's file, but for keys", () => {
    const repository = (line: string): string =>
      `[[customizations.repositories]]\nid = "x"\nbaseurls = ["https://x/y"]\n${line}\n`;
    assert.match(refusal(repository('name = "x\\n[evil]"'), "osbuild"), /repositories\[0\][^]*one line/);
    assert.match(refusal(repository('"a\\nb" = 1'), "osbuild"), /repositories\[0\][^]*one line/);
    parse(
      repository(
        'gpgkeys = ["-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\nmQINBF\\n-----END PGP PUBLIC KEY BLOCK-----\\n"]',
      ),
      "osbuild",
    );
  });

  it("keeps keys of several lines, as a file of them has them", () => {
    for (const end of ["\\n", "\\r\\n"]) parse(user(`key = "${KEY}${end}${end}ssh-rsa AAAAB3Nz two${end}"`));
  });

  it("takes a long text that is no key without thinking for long", () => {
    const begun = Date.now();
    refusal(user(`key = "${"ssh-ed25519 AAAA".repeat(2000)}\\u0000"`));
    assert.ok(Date.now() - begun < 2000);
  });

  it("is refused by the kickstart itself", () => {
    const args = kickstartArgs();
    for (const passwordHash of ["$6$x\nroot:$6$y", "$6$x\n", "$6$x y", "$6$x:y"]) {
      assert.throws(() => renderKickstart({ ...args, user: { ...args.user, passwordHash } }), /crypt\(3\)/);
    }
    for (const key of [`${KEY}\nrootpw x`, `ssh-ed25519 AAAA\n"`, "-----BEGIN KEY-----"]) {
      const render = (): string =>
        renderKickstart({ ...args, user: { ...args.user, authorizedKeys: [key] } });
      try {
        assert.doesNotMatch(render(), /^rootpw x/m);
      } catch (e) {
        assert.doesNotMatch(String(e), /BEGIN/);
      }
    }
  });
});

describe("a pattern that a text must match as a whole", () => {
  const files = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  it("is anchored by \\A and \\z in jq, whose $ also matches before a last line end", () => {
    for (const path of files("assets")) {
      const text = readFileSync(path, "utf8");
      for (const [call] of text.matchAll(/\b(?:test|match|capture)\("(?:[^"\\]|\\.)*"/g)) {
        assert.doesNotMatch(call, /"\^|\$"/, `${path}: ${call}`);
      }
    }
  });

  it("is not looked for in the lines of a text by grep", () => {
    for (const path of files("assets").filter((name) => !name.includes("/toolchain/"))) {
      const text = readFileSync(path, "utf8");
      assert.doesNotMatch(text, /grep -[a-zA-Z]*E[a-zA-Z]* (?:-- )?["']\^.*\$["'] <<</, path);
    }
  });

  it("has no flag m in TypeScript that checks", () => {
    for (const path of ["lib", "protocol", "depot"].flatMap(files)) {
      assert.doesNotMatch(readFileSync(path, "utf8"), /\.regex\(\s*\/(?:[^/\\\n]|\\.)+\/[a-z]*m/, path);
    }
  });
});
