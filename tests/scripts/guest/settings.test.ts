import assert from "node:assert/strict";
import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

import { CHANGED, deviceSettingsSchema, type DeviceSettings } from "../../../protocol/deviceSettings";
import { Guest } from "../support/guest";

const PROGRAM = "usr/libexec/edge/settings";
const KEPT = "var/lib/edge/settings.env";
const KEYS = "var/home/core/.ssh/authorized_keys";
const KEEPALIVED = "run/edge/keepalived.conf";
const RELOAD = "systemctl --no-block reload-or-restart keepalived.service";

describe("guest: settings of a running device", () => {
  let guest: Guest;
  const installed: DeviceSettings = {
    advertSeconds: 0.3,
    vipPriority: 255,
    idleSeconds: 60,
    authorizedKeys: ["ssh-ed25519 AAAA me@laptop", "ssh-ed25519 BBBB lab"],
    passwordHash: "$6$salt$old",
    passwordLogin: false,
  };

  beforeEach(() => {
    guest = new Guest();
    guest.write(KEYS, `${installed.authorizedKeys.join("\n")}\n`);
    guest.write("etc/shadow", "root:*:1::::::\ncore:$6$salt$old:1::::::\n");
    // Like the real one on a plain file; the hash is on its standard input.
    guest.standIn(
      "chpasswd",
      `IFS=: read -r name hash; sed -i "s|^$name:[^:]*:|$name:$hash:|" "$EDGE_ROOT/etc/shadow"`,
    );
    guest.ok("usr/libexec/edge/provision", ["boot"]);
    take(installed);
    guest.forgetCalls();
  });
  afterEach(() => guest.remove());

  /** Gives it settings; returns what it says has changed. */
  const take = (settings: object): string[] => {
    const { status, stdout, stderr } = guest.runWith(PROGRAM, JSON.stringify(settings));
    assert.equal(status, 0, stderr);
    return stdout.split("\n").filter((line) => line !== "");
  };

  it("changes nothing where all is as it was installed", () => {
    assert.deepEqual(take(installed), []);
    assert.deepEqual(guest.calls(), []);
  });

  it("the advertisement interval: keepalived reloads, and a boot keeps it", () => {
    assert.deepEqual(take({ ...installed, advertSeconds: 0.5 }), ["advertSeconds"]);
    assert.match(guest.read(KEEPALIVED), /^ {2}advert_int 0\.5$/m);
    assert.deepEqual(guest.calls(), [RELOAD]);
    guest.ok("usr/libexec/edge/provision", ["boot"]);
    assert.match(guest.read(KEEPALIVED), /^ {2}advert_int 0\.5$/m);
    assert.deepEqual(take({ ...installed, advertSeconds: 0.5 }), []);
  });

  it("the priority: keepalived reloads, and a boot keeps it", () => {
    assert.deepEqual(take({ ...installed, vipPriority: 252 }), ["vipPriority"]);
    assert.match(guest.read(KEEPALIVED), /^ {2}priority 252$/m);
    assert.deepEqual(guest.calls(), [RELOAD]);
    guest.ok("usr/libexec/edge/provision", ["boot"]);
    assert.match(guest.read(KEEPALIVED), /^ {2}priority 252$/m);
    assert.deepEqual(take({ ...installed, vipPriority: 252 }), []);
  });

  it("the idle time: in the file that the app's proxy reads after the installer's", () => {
    assert.deepEqual(take({ ...installed, idleSeconds: 30 }), ["idleSeconds"]);
    assert.match(guest.read(KEPT), /^EDGE_APP_IDLE_SECONDS=30$/m);
    assert.deepEqual(guest.calls(), []);
    const files = [
      ...guest
        .read("usr/lib/systemd/user/container-httpd-proxy.service")
        .matchAll(/^EnvironmentFile=-(.*)$/gm),
    ].map((m) => m[1]);
    assert.deepEqual(files, ["/etc/edge/device.env", `/${KEPT}`]);
  });

  it("the operator's keys: these and no others, closed to everybody else", () => {
    assert.deepEqual(take({ ...installed, authorizedKeys: ["ssh-ed25519 CCCC new key"] }), [
      "authorizedKeys",
    ]);
    assert.equal(guest.read(KEYS), "ssh-ed25519 CCCC new key\n");
    const { mode, uid } = statSync(join(guest.root, KEYS));
    assert.deepEqual([mode & 0o777, uid], [0o600, 1000]);
  });

  it("the password: by its hash, never on a command line, and again after a rollback has brought the old one back", () => {
    const shadow = guest.read("etc/shadow");
    assert.deepEqual(take({ ...installed, passwordHash: "$6$salt$new" }), ["password"]);
    assert.match(guest.read("etc/shadow"), /^core:\$6\$salt\$new:/m);
    assert.deepEqual(guest.calls(), ["chpasswd --encrypted"]);
    assert.equal(statSync(join(guest.root, "var/lib/edge/password")).mode & 0o777, 0o600);
    guest.write("etc/shadow", shadow);
    guest.ok("usr/libexec/edge/provision", ["boot"]);
    assert.match(guest.read("etc/shadow"), /^core:\$6\$salt\$new:/m);
    guest.forgetCalls();
    guest.ok("usr/libexec/edge/provision", ["boot"]);
    assert.deepEqual(guest.calls(), []);
  });

  it("the password over the network: only where asked for, at once, and after a rollback", () => {
    const config = "etc/ssh/sshd_config.d/40-edge-login.conf";
    assert.match(guest.read("etc/ssh/sshd_config.d/50-edge.conf"), /^PasswordAuthentication no$/m);
    assert.deepEqual(take({ ...installed, passwordLogin: true }), ["passwordLogin"]);
    assert.equal(guest.read(config), "PasswordAuthentication yes\n");
    assert.deepEqual(guest.calls(), ["systemctl reload ssh.service"]);
    rmSync(join(guest.root, config));
    guest.ok("usr/libexec/edge/provision", ["boot"]);
    assert.equal(guest.read(config), "PasswordAuthentication yes\n");
    assert.deepEqual(take({ ...installed, passwordLogin: true }), []);
    assert.deepEqual(take(installed), ["passwordLogin"]);
    assert.ok(!existsSync(join(guest.root, config)));
  });

  it("takes nothing that is incomplete, and says so by its status", () => {
    for (const name of Object.keys(installed)) {
      const settings = Object.fromEntries(Object.entries(installed).filter(([key]) => key !== name));
      assert.notEqual(guest.runWith(PROGRAM, JSON.stringify(settings)).status, 0, name);
    }
    assert.notEqual(guest.runWith(PROGRAM, "{").status, 0);
    assert.equal(guest.read(KEYS), `${installed.authorizedKeys.join("\n")}\n`);
    assert.match(guest.read("etc/shadow"), /^core:\$6\$salt\$old:/m);
  });

  it("says what has changed in the words of the protocol", () => {
    const other = deviceSettingsSchema.parse({
      advertSeconds: 1,
      vipPriority: 253,
      idleSeconds: 5,
      authorizedKeys: ["x"],
      passwordHash: "$6$a$b",
      passwordLogin: true,
    });
    assert.deepEqual(take(other), [...CHANGED]);
  });
});
