import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import fc from "fast-check";
import { parse } from "smol-toml";

import { blueprintPackages, BlueprintError, parseBlueprint, renderBlueprint } from "../../../lib/blueprint";
import { resolveChain } from "../../../lib/releases";

const FILE = "assets/blueprints/RFE.toml";
const rfe = parseBlueprint(readFileSync(FILE, "utf8"), FILE);

describe("the demonstration's blueprint", () => {
  it("is RFE, with user core, the app's port and the services of a device", () => {
    assert.equal(rfe.name, "RFE");
    const { user, firewall, services } = rfe.customizations;
    assert.deepEqual(
      user.map((u) => u.name),
      ["core"],
    );
    assert.deepEqual(firewall?.ports, ["8080:tcp"]);
    assert.ok(services?.enabled.includes("keepalived"));
    assert.ok(blueprintPackages(rfe).some((p) => p.name === "podman"));
  });
});

describe("parseBlueprint", () => {
  it("fills in what may be left out", () => {
    assert.deepEqual(parseBlueprint('name = "x"\nversion = "1.0.0"\n[[packages]]\nname = "jq"', "x.toml"), {
      name: "x",
      description: "",
      version: "1.0.0",
      packages: [{ name: "jq", version: "*" }],
      modules: [],
      groups: [],
      customizations: { user: [] },
    });
  });

  it("names line and column of what is no TOML", () => {
    assert.throws(
      () => parseBlueprint('name = "x"\nversion = \n', "x.toml"),
      (e) =>
        e instanceof BlueprintError && /x\.toml: \(line 2, column \d+\)\n {4}rule: is TOML/.test(e.message),
    );
  });

  it("never fails otherwise than with a BlueprintError", () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom("[[packages]]", "[customizations]", "name = 1", "packages = {}", 'version = "1"'),
      fc.constantFrom(
        "name = 2020-01-01",
        "uid = 99999999999999999999",
        "x = [1,",
        '"" = inf',
        "[customizations.user]",
      ),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        try {
          parseBlueprint(lines.join("\n"), "x.toml");
        } catch (e) {
          assert.ok(e instanceof BlueprintError, String(e));
          assert.match(e.message, /rule: /);
        }
      }),
    );
  });

  const refused: [string, string, RegExp][] = [
    [
      "a port without its protocol",
      '[customizations.firewall]\nports = ["80"]',
      /firewall\.ports\[0\] = "80"/,
    ],
    ["a user name with a blank", '[[customizations.user]]\nname = "a b"', /user\[0\]\.name = "a b"/],
    ["a relative home", '[[customizations.user]]\nname = "a"\nhome = "x"', /user\[0\]\.home = "x"/],
    ["a unit with a blank", '[customizations.services]\nenabled = ["a b"]', /services\.enabled\[0\]/],
    ["a package that is an option", '[[packages]]\nname = "--force"', /packages\[0\]\.name = "--force"/],
    ["a host name with a slash", '[customizations]\nhostname = "a/b"', /customizations\.hostname = "a\/b"/],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parseBlueprint(`name = "x"\nversion = "1.0.0"\n${text}`, "x.toml"), message);
    });
  }
});

describe("renderBlueprint", () => {
  const chain = resolveChain(blueprintPackages(rfe), [
    { version: "0.0.1", addPackages: [], removePackages: [] },
    { version: "0.0.2", addPackages: ["strace"], removePackages: ["jq"] },
  ]);

  it("is the blueprint with that release's version and packages, and parses again", () => {
    for (const release of chain) {
      const again = parseBlueprint(renderBlueprint(rfe, release), "rendered");
      assert.equal(again.version, release.version);
      assert.deepEqual(again.packages, release.packages);
      assert.deepEqual(again.customizations, rfe.customizations);
    }
    assert.match(renderBlueprint(rfe, chain[1] ?? assert.fail()), /name = "strace"/);
  });

  it("puts modules among the packages, where no tool looks for them twice", () => {
    const blueprint = parseBlueprint('name = "x"\nversion = "1.0.0"\n[[modules]]\nname = "jq"\n', "x.toml");
    const [release] = resolveChain(blueprintPackages(blueprint), chain.slice(0, 1));
    const raw = parse(renderBlueprint(blueprint, release ?? assert.fail()));
    assert.equal(raw["modules"], undefined);
    assert.equal(JSON.stringify(raw["packages"]), '[{"name":"jq","version":"*"}]');
  });

  it("gives the same text for the same release", () => {
    for (const release of chain) {
      assert.equal(renderBlueprint(rfe, release), renderBlueprint(rfe, structuredClone(release)));
    }
  });
});
