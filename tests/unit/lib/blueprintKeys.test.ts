import assert from "node:assert/strict";

import { blueprintReference } from "../../support/osbuild/blueprintReference";
import { BOTH, HASH, KEY, parse, refusal } from "../../support/blueprints";

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
