import assert from "node:assert/strict";

import { systemOf } from "../../../lib/blueprintUsers";
import { parse, refusal } from "../../support/blueprints";

describe("blueprint: time, language and files", () => {
  it("gives the installer what it would set otherwise", () => {
    const text =
      '[customizations.timezone]\ntimezone = "Europe/Berlin"\n[customizations.locale]\nlanguages = ["de_DE.UTF-8", "C.UTF-8"]\nkeyboard = "de"';
    assert.deepEqual(systemOf(parse(text, "osbuild")), {
      timezone: "Europe/Berlin",
      language: "de_DE.UTF-8",
      keyboard: "de",
    });
    assert.deepEqual(systemOf(parse("")), {});
  });

  const wrong: [string, string, RegExp][] = [
    [
      "a zone that is none",
      '[customizations.timezone]\ntimezone = "Europe/Nowhere"',
      /timezone\.timezone = "Europe\/Nowhere"/,
    ],
    [
      "an old name of a zone",
      '[customizations.timezone]\ntimezone = "US/Eastern"',
      /write America\/New_York, or add tzdata-legacy/,
    ],
    [
      "a path for a zone",
      '[customizations.timezone]\ntimezone = "../etc"',
      /timezone\.timezone = "\.\.\/etc"/,
    ],
    [
      "a language without its package",
      '[customizations.locale]\nlanguages = ["en_US.UTF-8"]',
      /languages\[0\][^]*add locales under packages/,
    ],
    ["a file outside of /etc", '[[customizations.files]]\npath = "/usr/x"', /files\[0\]\.path = "\/usr\/x"/],
    ["a file that is the users' list", '[[customizations.files]]\npath = "/etc/passwd"', /files\[0\]\.path/],
    ["a path that leaves /etc", '[[customizations.files]]\npath = "/etc/../usr/x"', /files\[0\]\.path/],
    [
      "a file twice",
      '[[customizations.files]]\npath = "/etc/x"\n[[customizations.files]]\npath = "/etc/x"',
      /files\[1\]\.path = .*\n.*is unique/,
    ],
    [
      "a directory outside of /etc",
      '[[customizations.directories]]\npath = "/srv/x"',
      /directories\[0\]\.path/,
    ],
    ["another distribution", 'distro = "fedora-42"', /distro = "fedora-42"/],
    ["another architecture", 'architecture = "aarch64"', /architecture = "aarch64"/],
  ];
  for (const [what, text, message] of wrong)
    it(`refuses ${what}`, () => assert.match(refusal(text), message));

  it("takes a language whose package is there", () => {
    parse('[[packages]]\nname = "locales"\n[customizations.locale]\nlanguages = ["en_US.UTF-8"]');
  });
});
