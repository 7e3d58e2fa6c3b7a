import assert from "node:assert/strict";

import { operatorAccount, operatorKeys, withIds } from "../../../lib/blueprintUsers";
import { builderInput } from "../../../lib/builderInput";
import { BOTH, HASH, KEY, parse, refusal } from "../../support/blueprints";

describe("blueprint: users", () => {
  const user = (...lines: string[]): string => `[[customizations.user]]\n${lines.join("\n")}\n`;

  it("leaves the operator's number to the operator", () => {
    for (const builder of BOTH) {
      const said = refusal(user('name = "admin"', "uid = 1000"), builder);
      assert.match(said, /user\[0\]\.uid = 1000\n {4}rule: differs from 1000, which is core's/);
      assert.match(refusal(user('name = "core"', "uid = 1001"), builder), /rule: is 1000 for core/);
      assert.match(
        refusal('[[customizations.group]]\nname = "a"\ngid = 1000', builder),
        /group\[0\]\.gid = 1000/,
      );
      assert.match(refusal(user('name = "admin"', "gid = 1000"), builder), /user\[0\]\.gid = 1000/);
      parse(user('name = "core"', "uid = 1000"), builder);
      parse(user('name = "admin"') + user('name = "core"'), builder);
    }
  });

  const wrong: [string, string, RegExp][] = [
    [
      "a number of a package's user",
      user('name = "a"', "uid = 101"),
      /user\[0\]\.uid = 101\n.* from 1001 to 59999/,
    ],
    [
      "a number twice",
      user('name = "a"', "uid = 1500") + user('name = "b"', "uid = 1500"),
      /user\[1\]\.uid = 1500\n.*is unique/,
    ],
    ["a name twice", user('name = "a"') + user('name = "a"'), /user\[1\]\.name = "a"\n.*is unique/],
    ["a home in the read-only part", user('name = "a"', 'home = "/usr/a"'), /user\[0\]\.home = "\/usr\/a"/],
    [
      "a home that a line of tmpfiles.d cannot hold",
      user('name = "a"', 'home = "/home/%h"'),
      /user\[0\]\.home/,
    ],
    ["a description with a colon", user('name = "a"', 'description = "a:b"'), /user\[0\]\.description/],
    [
      "a key that is none",
      user('name = "a"', 'key = "PUBLIC"'),
      /user\[0\]\.key = \(not shown: may be secret\)\n.*OpenSSH public keys/,
    ],
    [
      "a password of the operator",
      user('name = "core"', `password = "${HASH}"`),
      /password = \(not shown[^]*set coreUser\.password/,
    ],
    [
      "a home of the operator",
      user('name = "core"', 'home = "/srv/core"'),
      /user\[0\]\.home = "\/srv\/core"/,
    ],
    ["a key for nobody", `[[customizations.sshkey]]\nuser = "x"\nkey = "${KEY}"`, /sshkey\[0\]\.user = "x"/],
  ];
  for (const [what, text, message] of wrong)
    it(`refuses ${what}`, () => assert.match(refusal(text), message));

  it("gives each a number of its own for osbuild, in their order, and never the operator's", () => {
    const text =
      user('name = "a"') +
      user('name = "b"', "uid = 1001") +
      user('name = "core"') +
      '[[customizations.group]]\nname = "g"\n[[customizations.group]]\nname = "h"\ngid = 1003\n';
    const { user: users, group } = withIds(parse(text, "osbuild").customizations);
    assert.deepEqual(
      users.map((u) => [u.name, u.uid]),
      [
        ["a", 1002],
        ["b", 1001],
        ["core", 1004],
      ],
    );
    assert.deepEqual(group, [
      { name: "g", gid: 1005 },
      { name: "h", gid: 1003 },
    ]);
  });

  it("leaves the operator to the kickstart for osbuild, with all that the blueprint says of it", () => {
    const text =
      user(
        'name = "core"',
        'description = "Edge operator"',
        'shell = "/bin/sh"',
        'groups = ["wheel", "dialout"]',
        `key = "${KEY}"`,
      ) + `[[customizations.sshkey]]\nuser = "core"\nkey = "${KEY}2"\n`;
    const blueprint = parse(text, "osbuild");
    const release = {
      version: "0.0.1",
      parentVersion: undefined,
      packages: [],
      addPackages: [],
      removePackages: [],
    };
    const input = builderInput("osbuild", { blueprint, release }, "core");
    assert.deepEqual(input.blueprint.customizations.user, []);
    assert.deepEqual(input.blueprint.customizations.sshkey, []);
    assert.deepEqual(operatorAccount(blueprint, "osbuild", "wheel"), {
      groups: ["wheel", "dialout"],
      description: "Edge operator",
      shell: "/bin/sh",
    });
    assert.deepEqual(operatorAccount(blueprint, "debian", "sudo"), { groups: ["sudo"] });
    assert.deepEqual(operatorKeys(blueprint, [KEY]), [`${KEY}2`]);
  });
});
