import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Preflight } from "../../support/preflight";

/** The note of another lab on this host. */
const OTHER: Record<string, string> = {
  stack: "first",
  namespace: "init",
  builder: "debian",
  mode: "nat",
  cidr: "192.168.76.0/24",
  bridge: "edgelab0",
  uplink: "",
  network: "edge-lab",
  ports: "8000 5000",
  domains: "edge-device-1 edge-device-2",
  addresses: "",
};
/** A second lab that differs in everything that must differ. */
const SECOND: Record<string, string> = {
  EDGE_BUILDER: "debian",
  EDGE_CIDR: "192.168.77.0/24",
  EDGE_BRIDGE: "edgelab1",
  EDGE_NETWORK: "edge-lab-2",
  EDGE_PORTS: "8000 5000",
  EDGE_DOMAINS: "second-1 second-2",
};
const LAN = { EDGE_UPLINK: "eth1", EDGE_CIDR: "10.20.30.0/24" };
const LAN_OTHER = {
  mode: "lan",
  cidr: "10.20.30.0/24",
  uplink: "eth0",
  addresses: "10.20.30.60 10.20.30.61",
};

describe("two labs on one host", () => {
  let preflight: Preflight;
  let other: string;
  beforeEach(() => {
    preflight = new Preflight();
    other = join(preflight.path, "other lab/.lab");
    mkdirSync(other, { recursive: true });
    writeFileSync(join(other, "owner"), "stack first\n");
    mkdirSync(join(preflight.path, "labs"));
  });
  afterEach(() => preflight.remove());

  const note = (name: string, change: Record<string, string> = {}): void => {
    const lines = Object.entries({ ...OTHER, stateDir: other, ...change }).map(
      ([key, value]) => `${key} ${value}`,
    );
    writeFileSync(join(preflight.path, "labs", name), `${lines.join("\n")}\n`);
  };
  const options = (change: Record<string, string> = {}): { env: Record<string, string> } => ({
    env: { EDGE_LABS_DIR: join(preflight.path, "labs"), ...SECOND, ...change },
  });
  const CHECK = "labs_namespace() { echo init; }; check_labs";

  it("stand side by side when names, cidr and bridge differ", () => {
    note("one");
    preflight.good(CHECK, options());
  });

  const clashes: [string, Record<string, string>, Record<string, string>, RegExp, RegExp][] = [
    ["network", { EDGE_CIDR: "192.168.76.128/25" }, {}, /^network\.cidr 192.168.76.128\/25 overlaps 192.168.76.0\/24 of/, /another network\.cidr, e\.g\. 192/],
    ["bridge", { EDGE_BRIDGE: "edgelab0" }, {}, /^network\.bridge edgelab0 is the bridge of/, /network\.bridge: edgelab1$/],
    ["libvirt name", { EDGE_NETWORK: "edge-lab" }, {}, /^network\.name edge-lab is the libvirt network and pool of/, /network\.name: edge-lab-2$/],
    ["device", { EDGE_DOMAINS: "second-1 edge-device-2" }, {}, /^the device edge-device-2 of devices has the name of one of/, /rename it in devices/],
    ["image builder", { EDGE_BUILDER: "osbuild" }, { builder: "osbuild" }, /^builder osbuild is used by/, /EDGE_LAB_STACK=first npm run destroy/],
    ["uplink", { ...LAN, EDGE_UPLINK: "eth0", EDGE_PORTS: "1 2" }, LAN_OTHER, /^network\.uplink eth0 is in the bridge of/, /another interface/],
    ["port", { ...LAN, EDGE_PORTS: "8001 5000" }, LAN_OTHER, /^port 5000 of ports is one of/, /another port in ports/],
    ["address", { ...LAN, EDGE_PORTS: "1 2", EDGE_LAN_ADDRESSES: "10.20.30.61 10.20.30.70" }, LAN_OTHER, /^10\.20\.30\.61 of network\.vip or devices is an address of/, /a free address/],
  ]; // prettier-ignore
  for (const [what, own, others, said, fix] of clashes) {
    it(`with the same ${what}: one error names the key, the value, the other lab and the fix`, () => {
      note("one", others);
      preflight.bad(CHECK, said, fix, options(own));
      const { problems } = preflight.check(CHECK, options(own));
      assert.match(problems[0] ?? "", /the lab of stack first \(.*\/other lab\/\.lab\)/);
    });
  }

  it("with all the defaults, as a second clone has them: each key once, and none that follows from another", () => {
    note("one");
    preflight.standIn(
      "virsh",
      `case "$*" in *version) ;; *pool-dumpxml*) echo "<path>/else</path>" ;; *) echo "<x/>" ;; esac`,
    );
    preflight.standIn("ip", `[[ $* != *route* ]] || echo "192.168.76.0/24 dev edgelab0 scope link"`);
    preflight.standIn("ss", "echo LISTEN 0 1 192.168.76.1:8000 x");
    const { problems } = preflight.check(
      `${CHECK}; check_subnet "$EDGE_CIDR" edgelab7; check_port 192.168.76.1 8000
       check_domains $EDGE_DOMAINS; check_network_name "$EDGE_NETWORK"`,
      options({
        EDGE_CIDR: "192.168.76.0/24",
        EDGE_BRIDGE: "edgelab0",
        EDGE_NETWORK: "edge-lab",
        EDGE_DOMAINS: "edge-device-1",
      }),
    );
    assert.deepEqual(
      problems.map((p) => p.split(" ").slice(0, 2).join(" ")),
      ["network.cidr 192.168.76.0/24", "network.bridge edgelab0", "network.name edge-lab", "the device"],
    );
  });

  it("a stack whose stateDir was changed is told where its lab is, and nothing else", () => {
    writeFileSync(join(other, "owner"), `stack first\nproject ${preflight.path}\n`);
    note("one");
    const same = {
      EDGE_STACK: "first",
      EDGE_CIDR: "192.168.76.0/24",
      EDGE_BRIDGE: "edgelab0",
      EDGE_NETWORK: "edge-lab",
      EDGE_DOMAINS: "edge-device-1 edge-device-2",
    };
    const { problems } = preflight.check(
      `${CHECK}; check_domains $EDGE_DOMAINS; check_network_name "$EDGE_NETWORK"`,
      options(same),
    );
    assert.equal(problems.length, 1, problems.join("\n"));
    assert.match(
      problems[0] ?? "",
      /^stateDir .*\/state is not where the lab of this stack is \(.*\/\.lab\)/,
    );
    writeFileSync(join(other, "owner"), `stack first\nproject /another/clone\n`);
    assert.doesNotMatch(preflight.check(CHECK, options(same)).problems.join(), /stateDir /);
  });

  it("do not see a lab that is no more, or is in another network namespace", () => {
    note("gone", { stateDir: "/nowhere/.lab" });
    note("far", { namespace: "name:other" });
    preflight.good(CHECK, options({ EDGE_CIDR: "192.168.76.0/24", EDGE_BRIDGE: "edgelab0" }));
  });

  it("a lab that is up keeps its bridge and its libvirt names", () => {
    const register = `owner_stack() { echo second; }; mkdir -p "$STATE_DIR/host"; : >"$STATE_DIR/host/applied"
      labs_locked labs_register second`;
    preflight.good(`${register}; check_unchanged`, options());
    const [bridge, name] = ["bridge", "network"].map((key) =>
      options({ [`EDGE_${key.toUpperCase()}`]: "new0" }),
    );
    preflight.bad(
      "check_unchanged",
      /^network\.bridge new0 is edgelab1 in the lab that is up/,
      /write edgelab1 again/,
      bridge,
    );
    preflight.bad(
      "check_unchanged",
      /^network\.name new0 is edge-lab-2 in the lab that is up/,
      /npm run destroy first/,
      name,
    );
  });
});
