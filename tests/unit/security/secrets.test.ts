import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";
import { stringify } from "yaml";

import { overrides } from "../../../client/context";
import { resolveConfig } from "../../../lib/config";
import { ConfigError } from "../../../lib/configErrors";
import { readLabInputs } from "../../../lib/labProgram";
import { SECRET_KEYS } from "../../../lib/secretKeys";
import { parseStackFile } from "../../../lib/stackFile";
import { TempDir } from "../../support/tempProject";

const SECRET = "hunter2hunter2";
const PRIVATE_KEY =
  "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n-----END OPENSSH PRIVATE KEY-----\n";

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (e) {
    assert.ok(e instanceof ConfigError, String(e));
    return e.message;
  }
  return assert.fail("it was taken");
}

/** Forms in which a secret gets into a stack file: as a map, and as the texts that `pulumi config set` stores. */
const FORMS: Record<string, (top: string, key: string, secret: string) => Record<string, unknown>> = {
  "a map": (top, key, secret) => ({ [top]: { [key]: secret } }),
  "a map as JSON": (top, key, secret) => ({ [top]: JSON.stringify({ [key]: secret }) }),
  "JSON with blanks": (top, key, secret) => ({ [top]: `\n ${JSON.stringify({ [key]: secret }, null, 2)}\n` }),
  "JSON that was quoted twice": (top, key, secret) => ({
    [top]: JSON.stringify(JSON.stringify({ [key]: secret })),
  }),
  "JSON in a list": (top, key, secret) => ({ [top]: [JSON.stringify({ [key]: secret })] }),
  "a key with a dot": (top, key, secret) => ({ [`${top}.${key}`]: secret }),
};
const each = (run: (path: string, top: string, key: string, form: keyof typeof FORMS) => void): void => {
  for (const path of SECRET_KEYS) {
    const [top = "", key = ""] = path.split(".");
    for (const form of Object.keys(FORMS)) run(path, top, key, form);
  }
};
const block = (keys: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(keys).map(([key, value]) => [`edge-lab:${key}`, value]));

describe("a secret in clear text", () => {
  let project: TempDir;
  beforeEach(() => {
    project = new TempDir().copy("Pulumi.yaml", "assets/blueprints", "assets/builders/debian/list-types");
    mkdirSync(join(project.path, ".lab/config"), { recursive: true });
  });
  afterEach(() => project.remove());
  const store = (config: Record<string, unknown>): void =>
    writeFileSync(join(project.path, ".lab/config/Pulumi.dev.yaml"), stringify({ config: block(config) }));

  each((path, top, key, form) => {
    it(`ends every program where pulumi config set stored ${path} as ${form}`, () => {
      store(FORMS[form]?.(top, key, SECRET) ?? {});
      const message = refusal(() => overrides(project.path, "dev"));
      assert.ok(!message.includes(SECRET), message);
      assert.match(message, /rule: is stored encrypted/);
      const named = form === "JSON in a list" ? `${top}[0].${key}` : path;
      assert.ok(message.includes(`pulumi config set --secret --path edge-lab:${named} `), message);
    });

    it(`ends the program where the engine has ${path} as ${form}`, () => {
      const engine = Object.fromEntries(
        Object.entries(block(FORMS[form]?.(top, key, SECRET) ?? {})).map(([name, value]) => [
          name,
          typeof value === "string" ? value : JSON.stringify(value),
        ]),
      );
      const message = refusal(() => readLabInputs(project.path, "dev", engine));
      assert.ok(!message.includes(SECRET), message);
      assert.match(message, /rule: is stored encrypted/);
    });

    it(`is refused in the committed file: ${path} as ${form}`, () => {
      const text = stringify({ config: block(FORMS[form]?.(top, key, SECRET) ?? {}) });
      const message = refusal(() => parseStackFile(text, "Pulumi.dev.yaml"));
      assert.ok(!message.includes(SECRET), message);
      assert.match(message, /rule: holds no secret in the committed/);
    });
  });

  it("is to be removed first where it is part of a text", () => {
    store({ coreUser: JSON.stringify({ password: SECRET }) });
    assert.match(
      refusal(() => overrides(project.path, "dev")),
      /fix: {2}run: pulumi config rm edge-lab:coreUser && pulumi config set --secret --path edge-lab:coreUser\.password /,
    );
  });

  it("is taken where Pulumi has it encrypted", () => {
    const engine = { "edge-lab:coreUser": JSON.stringify({ password: SECRET }) };
    const { config } = readLabInputs(project.path, "dev", engine, (key) => key === "edge-lab:coreUser");
    assert.equal(config.coreUser.password, SECRET);
  });

  it("leaves no part of what may hold secrets to a program that needs none", () => {
    store({
      builder: "debian",
      coreUser: { authorizedKeys: [], pasword: SECRET },
      subscription: "hunter2hunter2",
      "coreUser.pasword": SECRET,
    });
    assert.deepEqual(overrides(project.path, "dev"), { "edge-lab:builder": "debian" });
  });

  it("never comes out again, whatever it is and however it was written", () => {
    const secret = fc.string({ unit: "grapheme", minLength: 6 }).map((s) => `hunter2${s}`);
    const form = fc.constantFrom(...Object.values(FORMS));
    fc.assert(
      fc.property(fc.constantFrom(...SECRET_KEYS), form, secret, (path, write, value) => {
        const [top = "", key = ""] = path.split(".");
        store(write(top, key, value));
        assert.ok(!refusal(() => overrides(project.path, "dev")).includes("hunter2"));
      }),
      { numRuns: 40 },
    );
  });

  it("is documented where the keys are", () => {
    const rows = readFileSync("README.md", "utf8").matchAll(/^\| `([^`]+)` .*\| *yes[^|]*\|$/gm);
    const documented = [...rows].map(([, key = ""]) => key);
    for (const path of SECRET_KEYS) {
      assert.ok(documented.includes(path) || documented.includes(path.split(".")[0] ?? ""), path);
    }
  });
});

describe("an error about the configuration", () => {
  const shows = (raw: Record<string, unknown>): string => refusal(() => resolveConfig(raw, "test"));

  for (const [what, raw] of Object.entries<Record<string, unknown>>({
    "an unknown key": { geheim: SECRET },
    "an unknown key of a group": { network: { geheim: SECRET } },
    "an unknown key of a device": { devices: [{ name: "a", role: "primary", geheim: SECRET }] },
    "a misspelt key of the subscription": { subscription: { username: "me", pasword: SECRET } },
    "a map of unknown keys where text belongs": { builder: { geheim: SECRET } },
    "a map in a list": { hostKeys: [{ geheim: SECRET }], devices: [[{ geheim: [SECRET] }]] },
    "a list of keys": { hostKeys: [SECRET], coreUser: { authorizedKeys: [SECRET] } },
    "host keys of no other host": { hostKeys: [`ssh-ed25519 AAAA ${SECRET}`] },
    "a text where a list of keys belongs": { hostKeys: SECRET, coreUser: { authorizedKeys: SECRET } },
  })) {
    it(`does not show ${what}`, () => assert.ok(!shows(raw).includes(SECRET), shows(raw)));
  }

  for (const key of ["bootIso", "blueprint", "stateDir", "libvirtUri", "distribution", "targetVersion"]) {
    it(`does not show a private key that stands in ${key}`, () => {
      for (const value of [
        PRIVATE_KEY,
        [PRIVATE_KEY],
        PRIVATE_KEY.replaceAll("\n", " "),
        "-----BEGIN PRIVATE KEY-----",
      ]) {
        try {
          resolveConfig({ [key]: value }, "test");
        } catch (e) {
          assert.doesNotMatch(String(e), /BEGIN|b3BlbnNzaC1/);
        }
      }
    });
  }

  it("shows no value of any unknown key", () => {
    const key = fc.stringMatching(/^[a-z]{12,16}$/);
    fc.assert(
      fc.property(key, fc.oneof(fc.constant(SECRET), fc.constant([SECRET])), (name, value) => {
        for (const raw of [{ [name]: value }, { network: { [name]: value } }, { app: { [name]: value } }])
          assert.ok(!shows(raw).includes(SECRET));
      }),
      { numRuns: 30 },
    );
  });

  it("still shows the wrong value of a known key", () => {
    assert.match(shows({ network: { vip: "10.0.0.1" } }), /network\.vip = "10\.0\.0\.1"/);
    assert.match(shows({ device: { memoryMiB: 12 } }), /device\.memoryMiB = 12/);
    assert.match(shows({ builder: ["osbuild"] }), /builder = \["osbuild"\]/);
  });
});
