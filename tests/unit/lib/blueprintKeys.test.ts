import assert from "node:assert/strict";

import { parseBlueprint } from "../../../lib/blueprint";
import type { Builder } from "../../../lib/blueprintRefusals";
import type { Blueprint } from "../../../lib/blueprintSchema";
import { operatorAccount, operatorKeys, systemOf, withIds } from "../../../lib/blueprintUsers";
import { builderInput, debianCustomizations } from "../../../lib/builderInput";
import { blueprintReference } from "../../support/osbuild/blueprintReference";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFub3RoZXJrZXk me@laptop";
const HASH = "$6$salt$hash";

const parse = (text: string, builder: Builder = "debian"): Blueprint =>
  parseBlueprint(`name = "x"\nversion = "1.0.0"\n${text}`, "x.toml", builder);

/** The one message about a blueprint that must be refused. */
const refusal = (text: string, builder: Builder = "debian"): string => {
  try {
    parse(text, builder);
  } catch (e) {
    return (e as Error).message;
  }
  return assert.fail(`${builder} takes ${text}`);
};

const BOTH = ["debian", "osbuild"] as const;

/** Keys of the reference that no backend honours: how they are written, and the key that the message names. */
const REFUSED: Record<string, string> = {
  minimal: "minimal = true",
  "customizations.kernel.append": '[customizations.kernel]\nappend = "quiet"',
  "customizations.filesystem": '[[customizations.filesystem]]\nmountpoint = "/var"\nminsize = 2147483648',
  "customizations.disk": '[customizations.disk]\nminsize = "20 GiB"',
  "customizations.partitioning_mode": '[customizations]\npartitioning_mode = "lvm"',
  "customizations.installation_device": '[customizations]\ninstallation_device = "/dev/sda"',
  "customizations.installer": "[customizations.installer]\nunattended = true",
  "customizations.iso": '[customizations.iso]\nvolume_id = "X"',
  "customizations.ignition": '[customizations.ignition.firstboot]\nurl = "http://x/y.ig"',
  "customizations.fdo": '[customizations.fdo]\nmanufacturing_server_url = "http://x"',
  "customizations.openscap": '[customizations.openscap]\nprofile_id = "x"',
  "customizations.rpm": '[customizations.rpm.import_keys]\nfiles = ["/x"]',
  "customizations.cacerts": '[customizations.cacerts]\npem_certs = ["x"]',
  "customizations.sshd": '[customizations.sshd]\npermit_root_login = "no"',
  "customizations.firstboot": '[customizations.firstboot]\nscripts = ["x"]',
  "customizations.containers-storage": '[customizations.containers-storage]\ndestination-path = "/x"',
  "customizations.files[0].uri": '[[customizations.files]]\npath = "/etc/x"\nuri = "file:///x"',
};

/** Keys that osbuild's image builder takes for a commit, and Debian cannot have. */
const OSBUILD_ONLY: Record<string, string> = {
  groups: '[[groups]]\nname = "anaconda-tools"',
  enabled_modules: '[[enabled_modules]]\nname = "nodejs"\nstream = "20"',
  containers: '[[containers]]\nsource = "quay.io/fedora/fedora:latest"\ntls-verify = false',
  "customizations.kernel.name": '[customizations.kernel]\nname = "kernel-rt"',
  "customizations.locale.keyboard": '[customizations.locale]\nkeyboard = "de"',
  "customizations.firewall.zones":
    '[[customizations.firewall.zones]]\nname = "work"\nsources = ["192.0.2.0/24"]',
  "customizations.repositories": '[[customizations.repositories]]\nid = "x"\nbaseurls = ["https://x/y"]',
  "customizations.fips": "[customizations]\nfips = true",
  "customizations.rhsm": "[customizations.rhsm.config.subscription_manager.rhsm]\nmanage_repos = true",
  "customizations.dnf": "[customizations.dnf.config]\nset_releasever = true",
};

/** What both backends honour. */
const HONOURED = `
architecture = "x86_64"
[customizations]
hostname = "edge"
[[customizations.sshkey]]
user = "root"
key = "${KEY}"
[[customizations.user]]
name = "admin"
description = "Administrator, of all"
password = "${HASH}"
key = "${KEY}"
home = "/srv/widget/"
shell = "/usr/bin/bash"
groups = ["widget", "users", "wheel"]
uid = 1200
gid = 1200
expiredate = 20500
force_password_reset = true
[[customizations.group]]
name = "widget"
gid = 1130
[customizations.timezone]
timezone = "America/New_York"
ntpservers = ["0.north-america.pool.ntp.org", "192.0.2.1"]
[customizations.locale]
languages = ["C.UTF-8"]
[customizations.firewall]
ports = ["22:tcp", "imap:tcp", "53:udp", "30000-32767:sctp", "5004:dccp"]
[customizations.firewall.services]
enabled = ["ftp", "ntp", "dhcp"]
disabled = ["telnet"]
[customizations.services]
enabled = ["sshd", "cockpit.socket"]
disabled = ["postfix"]
masked = ["rpcbind.socket"]
[[customizations.directories]]
path = "/etc/foobar"
mode = "0755"
user = "root"
group = 0
ensure_parents = false
[[customizations.files]]
path = "/etc/foobar/x"
mode = "644"
user = 0
group = "root"
data = "Hello world!"
`;

describe("blueprint: every key is honoured or refused", () => {
  for (const [key, text] of Object.entries(REFUSED)) {
    it(`refuses ${key} for every backend, by name`, () => {
      for (const builder of BOTH) {
        const said = refusal(text, builder);
        assert.ok(said.includes(`x.toml: 1 bad key; nothing was changed\n  x.toml: ${key} = `), said);
        assert.match(said, /\n {4}rule: .+\n {4}fix: {2}.+$/);
      }
    });
  }

  for (const [key, text] of Object.entries(OSBUILD_ONLY)) {
    it(`takes ${key} for osbuild, and refuses it for debian`, () => {
      const written = JSON.stringify(parse(text, "osbuild"));
      for (const part of key.replace("customizations.", "").split("."))
        assert.ok(written.includes(`"${part}"`));
      assert.ok(refusal(text).includes(`x.toml: ${key} = `), refusal(text));
    });
  }

  it("takes all others for both, unchanged", () => {
    const [debian, osbuild] = BOTH.map((builder) => parse(HONOURED, builder));
    assert.deepEqual(debian, osbuild);
    assert.equal(debian?.customizations.user[0]?.home, "/srv/widget/");
  });

  it("knows every key of osbuild's reference", () => {
    const unknown = (text: string): boolean =>
      BOTH.every((builder) => {
        try {
          parse(text, builder);
          return false;
        } catch (e) {
          return (e as Error).message.includes("rule: is a known key");
        }
      });
    const { customizations, ...top } = blueprintReference.shape;
    for (const key of Object.keys(top)) assert.ok(!unknown(`"${key}" = false`), key);
    const inner = customizations.unwrap().shape;
    for (const key of Object.keys(inner)) assert.ok(!unknown(`[customizations]\n"${key}" = 1.5`), key);
    assert.ok(unknown("[customizations]\nflavour = 1"));
  });
});

describe("blueprint: ports of the firewall", () => {
  const ports = (...entries: string[]): string =>
    `[customizations.firewall]\nports = ${JSON.stringify(entries)}`;
  const accept = (text: string): readonly string[] => debianCustomizations(parse(text)).firewall.accept;

  const wrong: [string, RegExp][] = [
    ["70000:tcp", /rule: has ports from 1 to 65535/],
    ["0:tcp", /from 1 to 65535/],
    ["65535-65536:udp", /from 1 to 65535/],
    ["100000000000:tcp", /from 1 to 65535/],
    ["9100-9000:tcp", /from the lower port to the higher one\n {4}fix: {2}write 9000-9100:tcp/],
    ["80", /rule: is PORT:PROTOCOL, LOW-HIGH:PROTOCOL or NAME:PROTOCOL/],
    ["80:icmp", /is PORT:PROTOCOL/],
    ["80:tcp; drop", /is PORT:PROTOCOL/],
    ["-:tcp", /is PORT:PROTOCOL/],
    ["1-2-3:tcp", /is PORT:PROTOCOL/],
  ];
  for (const [entry, message] of wrong) {
    it(`refuses ${entry}, whichever the backend`, () => {
      for (const builder of BOTH) {
        const said = refusal(ports("8080:tcp", entry), builder);
        assert.ok(said.includes(`customizations.firewall.ports[1] = ${JSON.stringify(entry)}`), said);
        assert.match(said, message);
      }
    });
  }

  it("refuses a name without a port, or without one for the protocol", () => {
    assert.match(refusal(ports("gopherd:tcp")), /names a service of \/etc\/services .*gopherd is none/);
    assert.match(refusal(ports("tftp:tcp")), /has a port for tcp; tftp is none/);
    // Names of its distribution are osbuild's: the push asks the host's own file.
    assert.deepEqual(parse(ports("gopherd:tcp"), "osbuild").customizations.firewall?.ports, ["gopherd:tcp"]);
  });

  it("gives the debian backend numbers, from a table of its own", () => {
    const names = ports(
      "imap:tcp",
      "imap2:tcp",
      "domain:udp",
      "9000-9100:tcp",
      "008080:tcp".slice(1),
      "1:udp",
      "65535:tcp",
    );
    assert.deepEqual(accept(names), [
      "143:tcp",
      "143:tcp",
      "53:udp",
      "9000-9100:tcp",
      "8080:tcp",
      "1:udp",
      "65535:tcp",
    ]);
  });

  it("knows firewalld's services, and those of /etc/services", () => {
    const services = "[customizations.firewall.services]\n";
    assert.deepEqual(accept(`${services}enabled = ["dns", "syslog", "imaps"]`), [
      "53:tcp",
      "53:udp",
      "514:udp",
      "993:tcp",
    ]);
    assert.deepEqual(debianCustomizations(parse(`${services}disabled = ["ssh"]`)).firewall, {
      accept: [],
      drop: ["22:tcp"],
    });
    assert.match(
      refusal(`${services}enabled = ["gopherd"]`),
      /services\.enabled\[0\] = "gopherd"[^]*fix: {2}write its ports under/,
    );
  });
});

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
      /user\[0\]\.key = "PUBLIC"\n.*OpenSSH public keys/,
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
