import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

import { hostKeyOf } from "../../../client/hostKey";
import { Guest, V1 } from "../support/guest";

const KEEPALIVED = "run/edge/keepalived.conf";
const SOCKET = "run/systemd/user/container-httpd-proxy.socket.d/10-device.conf";
const REGISTRY = "etc/containers/registries.conf.d/50-edge.conf";

describe("guest: what a device makes of its settings", () => {
  let guest: Guest;
  beforeEach(() => (guest = new Guest()));
  afterEach(() => guest.remove());

  const provision = (): string => guest.ok("usr/libexec/edge/provision", ["boot"]).stderr;

  it("keepalived: VRRP 3 by unicast, the priority of the role, a check without a weight", () => {
    provision();
    const text = guest.read(KEEPALIVED);
    for (const line of [
      "vrrp_version 3",
      "vrrp_instance RFE_VIP {",
      "virtual_router_id 50",
      "state MASTER",
      "priority 255",
      "advert_int 0.3",
      "interface enp1s0",
      "unicast_src_ip 198.51.100.11",
      "198.51.100.100/32 dev enp1s0",
      'script "/usr/libexec/edge/vip-check 646433C6:1F90"',
    ]) {
      assert.ok(text.includes(line), `${line}\n${text}`);
    }
    assert.doesNotMatch(text, /weight \d/);
    assert.match(text, /\n {2}timeout 60\n/);
    // A reload under a realtime priority may kill keepalived (up to 2.3.3).
    assert.match(text, /\n {2}vrrp_priority -20\n/);
    assert.doesNotMatch(text, /rt_priority|rttime|auto_priority/);
    assert.match(text, /unicast_peer \{\n {4}198\.51\.100\.12\n {2}\}/);
    assert.match(text, /\n {2}check_unicast_src\n/);
    assert.doesNotMatch(text, /mcast/);
  });

  it("keepalived: calls what notes where the address is, which two changes at once do not confuse", () => {
    provision();
    const [, hook = ""] = /notify "([^"]+)"/.exec(guest.read(KEEPALIVED)) ?? [];
    const [program = "", address] = hook.split(" ");
    assert.equal(address, "198.51.100.100");
    // A machine that has taken the address and lost it at once: the hook of the first change comes last.
    guest.standIn("ip", 'cat "$EDGE_ROOT/has"');
    for (const [has, states, says] of [
      ["2: enp1s0 inet 198.51.100.100/32\n", ["BACKUP", "MASTER"], "yes\n"],
      ["2: enp1s0 inet 198.51.100.100/32\n", ["MASTER", "BACKUP"], "yes\n"],
      ["", ["BACKUP", "MASTER"], "no\n"],
    ] as const) {
      guest.write("has", has);
      for (const state of states) guest.ok(program.slice(1), [address, "INSTANCE", "RFE_VIP", state, "255"]);
      assert.equal(guest.read("run/edge/vip"), says);
      assert.ok(guest.calls().includes("ip -o -4 address show to 198.51.100.100/32"));
    }
  });

  it("peers are those that the depot said last, without the device itself", () => {
    guest.write("var/lib/edge/peers", "198.51.100.11 198.51.100.12 198.51.100.13\n");
    provision();
    assert.match(
      guest.read(KEEPALIVED),
      /unicast_peer \{\n {4}198\.51\.100\.12\n {4}198\.51\.100\.13\n {2}\}/,
    );
  });

  it("the app's socket listens on the virtual IP, the registry may speak plain HTTP", () => {
    provision();
    assert.equal(guest.read(SOCKET), "[Socket]\nListenStream=\nListenStream=198.51.100.100:8080\n");
    assert.equal(guest.read(REGISTRY), '[[registry]]\nlocation = "198.51.100.1:5000"\ninsecure = true\n');
  });

  it("the installation makes the ssh host key, and each boot tells it on the console", () => {
    const publicKey = "etc/ssh/ssh_host_ed25519_key.pub";
    guest.ok("usr/libexec/edge/provision");
    const key = guest.read(publicKey).trim();
    assert.match(key, /^ssh-ed25519 [A-Za-z0-9+/]{68}$/);
    assert.equal(statSync(join(guest.root, "etc/ssh/ssh_host_ed25519_key")).mode & 0o777, 0o600);
    assert.equal(hostKeyOf(guest.read("dev/console").replace(/\r/g, "")), key);
    guest.write("dev/console", "");
    provision();
    assert.equal(guest.read(publicKey).trim(), key);
    assert.equal(hostKeyOf(guest.read("dev/console").replace(/\r/g, "")), key);
  });

  it("a host key that is lost is made anew and told, half a one is nobody's", () => {
    guest.write("etc/ssh/new_host_key", "half");
    guest.ok("usr/libexec/edge/host-key");
    const key = guest.read("etc/ssh/ssh_host_ed25519_key.pub").trim();
    assert.equal(hostKeyOf(guest.read("dev/console").replace(/\r/g, "")), key);
    assert.ok(!existsSync(join(guest.root, "etc/ssh/new_host_key")));
  });

  it("the address is fixed where the installer was told so, and by DHCP else", () => {
    const file = "etc/systemd/network/50-edge.network";
    provision();
    assert.ok(!existsSync(join(guest.root, file)));
    guest.write(
      "etc/edge/device.env",
      `${guest.read("etc/edge/device.env")}EDGE_PREFIX=24\nEDGE_GATEWAY=198.51.100.1\nEDGE_DNS="198.51.100.2 9.9.9.9"\n`,
    );
    provision();
    const dhcp = readFileSync("assets/guest/usr/lib/systemd/network/90-dhcp-wired.network", "utf8");
    const match = /\[Match\][^[]*/.exec(dhcp)?.[0] ?? assert.fail("no match");
    assert.equal(
      guest.read(file),
      `${match}[Network]\nAddress=198.51.100.11/24\nGateway=198.51.100.1\nDNS=198.51.100.2\nDNS=9.9.9.9\n`,
    );
    // In an image without networkd the installer itself has set the address.
    rmSync(join(guest.root, file));
    rmSync(join(guest.root, "usr/lib/systemd/network/90-dhcp-wired.network"));
    provision();
    assert.ok(!existsSync(join(guest.root, file)));
  });

  it("a second run writes nothing", () => {
    provision();
    const inodes = (): number[] =>
      [KEEPALIVED, SOCKET, REGISTRY].map((f) => statSync(join(guest.root, f)).ino);
    const before = inodes();
    provision();
    assert.deepEqual(inodes(), before);
    assert.deepEqual(guest.calls(), []);
  });

  it("while the installer runs it, only what lives on disk is written", () => {
    guest.ok("usr/libexec/edge/provision");
    assert.ok(guest.has(REGISTRY));
    assert.equal(guest.has(KEEPALIVED), false);
    assert.equal(guest.has("etc/ostree/remotes.d/edge.conf"), false);
  });

  it("a value is data: quotes are optional and nothing in it is run", () => {
    guest.write(
      "etc/edge/device.env",
      `# comment\nEDGE_NAME='edge-device-1'\nEDGE_PEERS=198.51.100.12 198.51.100.13\nEDGE_ROLE="$(touch ${guest.root}/ran)"\nbad line\n`,
    );
    const out = guest.shell('edge_load_env; printf "%s|%s|%s" "$EDGE_NAME" "$EDGE_PEERS" "$EDGE_ROLE"');
    assert.equal(out, `edge-device-1|198.51.100.12 198.51.100.13|$(touch ${guest.root}/ran)`);
    assert.equal(guest.has("ran"), false);
  });

  it("the device's own settings win over the image's", () => {
    guest.write("etc/edge/edge.conf", "AutomaticUpdatePolicy=check\n");
    assert.equal(guest.shell('edge_load_env; printf "%s" "$AutomaticUpdatePolicy"'), "check");
  });

  it("a device without settings starts all the same", () => {
    guest.write("etc/edge/device.env", "");
    assert.match(provision(), /names no device/);
    assert.equal(guest.has(KEEPALIVED), false);
  });

  it("the remote follows a depot that moved, inside a mount namespace of its own", () => {
    provision();
    assert.deepEqual(guest.calls(), []);
    guest.device({ EDGE_DEPOT: "http://198.51.100.9:8000" });
    provision();
    const call = guest.calls().join("\n");
    assert.match(call, /^unshare --mount/);
    assert.match(call, /http:\/\/198\.51\.100\.9:8000\/repo false$/m);
  });

  it("a repository without the remote gets it where ostree looks as well", () => {
    guest.write("ostree/repo/config", "[core]\nmode=bare\n");
    provision();
    const remote = '[remote "edge"]\nurl=http://198.51.100.1:8000/repo\ngpg-verify=false\n';
    assert.equal(guest.read("etc/ostree/remotes.d/edge.conf"), remote);
  });

  it("a key in the image turns verification on", () => {
    guest.write("usr/share/ostree/trusted.gpg.d/edge.gpg", "key");
    provision();
    assert.match(guest.calls().join("\n"), /repo true$/m);
  });

  it("each boot begins as pending, with the commit that it runs", () => {
    provision();
    assert.equal(guest.read("run/edge/health"), "pending\n");
    const record = guest.json("var/lib/edge/health/0a0a0a0a000040008000000000000001.json") as object;
    assert.deepEqual(
      { ...record, time: 0 },
      {
        bootId: "0a0a0a0a000040008000000000000001",
        commit: V1,
        version: "0.0.1",
        time: 0,
        result: "pending",
        checks: [],
      },
    );
  });

  it("the virtual IP stays local to the kernel, and nobody else is told", () => {
    guest.standIn("ip", "");
    guest.standIn("nft", "");
    for (const name of ["arp_ignore", "arp_announce", "accept_local"]) {
      guest.write(`proc/sys/net/ipv4/conf/enp1s0/${name}`, "0\n");
    }
    guest.ok("usr/libexec/edge/keep-connections");
    const read = (name: string): string => guest.read(`proc/sys/net/ipv4/conf/enp1s0/${name}`);
    assert.deepEqual([read("arp_ignore"), read("arp_announce"), read("accept_local")], ["1\n", "2\n", "1\n"]);
    assert.deepEqual(guest.calls(), ["ip route replace local 198.51.100.100/32 dev lo", "nft --file -"]);
  });

  describe("segments of connections that moved with the virtual IP", () => {
    const load = (): string =>
      guest.shell('. "$here/lib/vip-forward.sh"; edge_load_env; forward_connections 2>&1');

    it("are handed on to every peer, as the depot names them", () => {
      guest.standIn("nft", 'cat >"$EDGE_ROOT/rules"');
      guest.write("var/lib/edge/peers", "198.51.100.11 198.51.100.12 198.51.100.13\n");
      assert.equal(load(), "");
      assert.deepEqual(guest.read("rules").match(/dup to .*/g), [
        "dup to 198.51.100.12",
        "dup to 198.51.100.13",
      ]);
    });

    it("are not where the kernel cannot copy packets, and the device says so", () => {
      guest.standIn("nft", 'cat >"$EDGE_ROOT/rules"; ! grep "dup to" "$EDGE_ROOT/rules"');
      guest.write("var/lib/edge/peers", "198.51.100.12\n");
      assert.match(load(), /^<4>.*not handed on to peers: +dup to 198\.51\.100\.12/);
      assert.match(guest.read("rules"), /reject with tcp reset/);
      assert.match(guest.read("rules"), /meta l4proto 112 ip saddr != \{ 198\.51\.100\.12 \} drop/);
    });

    it("come with a rule against advertisements of others than peers, in a lab that has peers", () => {
      guest.standIn("nft", 'cat >"$EDGE_ROOT/rules"');
      guest.write("var/lib/edge/peers", "198.51.100.12 198.51.100.13\n");
      load();
      assert.match(
        guest.read("rules"),
        / l4proto 112 ip saddr != \{ 198\.51\.100\.12, 198\.51\.100\.13 \} drop\n/,
      );
      guest.write("var/lib/edge/peers", "none\n");
      load();
      assert.doesNotMatch(guest.read("rules"), /l4proto/);
    });

    it("rules that cannot be loaded at all are an error", () => {
      guest.standIn("nft", "exit 1");
      assert.equal(guest.run("usr/libexec/edge/keep-connections").status, 1);
    });
  });
});
