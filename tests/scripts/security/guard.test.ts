import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

import { DEPOT_ENV, DEPOT_LAB, DEPOT_URL, DepotBox, needsDepot } from "../support/depotBox";
import { driftOf, heals } from "../support/drift";
import { eventually, GATEWAY, needs, type Outcome } from "../support/sandbox";

const ENV = { ...DEPOT_ENV, EDGE_REGISTRY_PORT: "5000" };
const REGISTRY_URL = `http://${GATEWAY}:5000`;
/** The lab host's address in a network that is not the lab's. */
const OUTSIDE = "10.213.251";

const ip = (...args: string[]): void => void execFileSync("ip", args);

/** The lab's host with the lab's bridge, a device on it, and a neighbour on another network with a route to it. */
class Neighbours {
  readonly box = new DepotBox();
  private readonly device = `${this.box.namespace}d`;
  private readonly neighbour = `${this.box.namespace}n`;

  constructor() {
    const { namespace } = this.box;
    ip("-n", namespace, "addr", "del", `${GATEWAY}/24`, "dev", "lo");
    ip("-n", namespace, "link", "add", "lab0", "type", "bridge");
    ip("-n", namespace, "addr", "add", `${GATEWAY}/24`, "dev", "lab0");
    ip("-n", namespace, "link", "set", "lab0", "up");
    this.join(this.device, "tap0", "10.213.250.11/24");
    ip("-n", namespace, "link", "set", "tap0", "master", "lab0");
    this.join(this.neighbour, "lan0", `${OUTSIDE}.2/24`);
    ip("-n", namespace, "addr", "add", `${OUTSIDE}.1/24`, "dev", "lan0");
    ip("-n", this.neighbour, "route", "add", "default", "via", `${OUTSIDE}.1`);
  }

  private join(namespace: string, port: string, address: string): void {
    ip("netns", "add", namespace);
    ip(
      "-n",
      this.box.namespace,
      "link",
      "add",
      port,
      "type",
      "veth",
      "peer",
      "name",
      "eth0",
      "netns",
      namespace,
    );
    ip("-n", this.box.namespace, "link", "set", port, "up");
    ip("-n", namespace, "addr", "add", address, "dev", "eth0");
    ip("-n", namespace, "link", "set", "eth0", "up");
  }

  private code(namespace: string, url: string): string {
    const curl = ["curl", "-s", "-m", "3", "-o", "/dev/null", "-w", "%{http_code}", url];
    try {
      return execFileSync("ip", ["netns", "exec", namespace, ...curl], { encoding: "utf8" });
    } catch (e) {
      return (e as { stdout: string }).stdout;
    }
  }

  /** Status of an answer to each of them; 000 without one. */
  seen(url: string): { device: string; neighbour: string; host: string } {
    return {
      device: this.code(this.device, url),
      neighbour: this.code(this.neighbour, url),
      host: this.box.code(url),
    };
  }

  run(script: string, verb: string): Outcome {
    return this.box.run([`assets/host/${script}`, verb], ENV, JSON.stringify(DEPOT_LAB));
  }

  tables(): string[] {
    return this.box.ok(["nft", "list", "tables"]).stdout.split("\n").filter(Boolean);
  }

  remove(): void {
    this.box.remove();
    ip("netns", "del", this.device);
    ip("netns", "del", this.neighbour);
  }
}

describe("who reaches the lab's services", () => {
  let lab: Neighbours;
  before(function () {
    needsDepot(this);
    needs(this, "docker-registry", "nft");
    lab = new Neighbours();
    for (const script of ["registry.sh", "depot.sh"]) {
      const { status, stderr } = lab.run(script, "apply");
      assert.equal(status, 0, stderr);
    }
  });
  after(() => lab.remove());

  const services = [
    ["registry.sh", `${REGISTRY_URL}/v2/`],
    ["depot.sh", `${DEPOT_URL}/v1/totals`],
  ] as const;
  const OPEN = { device: "200", neighbour: "200", host: "200" };
  const CLOSED = { device: "200", neighbour: "000", host: "200" };

  for (const [script, url] of services) {
    it(`${script}: a device and the host itself, but nobody on another network of the host`, () => {
      assert.deepEqual(lab.seen(url), CLOSED);
    });
  }

  it("the rule is what keeps the neighbour out; without it the lab is not as declared, and apply mends it", () => {
    for (const [script, url] of services) {
      const object = {
        stateDir: lab.box.stateDir,
        status: () => lab.run(script, "status"),
        apply: () => void lab.run(script, "apply"),
      };
      assert.deepEqual(driftOf(object.status()), []);
      heals(object, /the firewall rule of the service .* is gone/, () => {
        for (const table of lab.tables()) {
          if (table.endsWith(script === "depot.sh" ? "depot-web" : "registry")) {
            lab.box.ok(["nft", "delete", ...table.split(" ")]);
          }
        }
        assert.deepEqual(lab.seen(url), OPEN);
      });
      assert.deepEqual(lab.seen(url), CLOSED);
    }
  });

  it("is there again when a service starts by itself, as after the host's restart", () => {
    lab.box.ok(["nft", "flush", "ruleset"]);
    for (const name of ["/opt/registry", "nginx: master"]) {
      const [pid = 0] = lab.box.processes(name);
      process.kill(pid, "SIGTERM");
    }
    eventually("both services are back", () => lab.tables().length === 2, 30);
    for (const [, url] of services) {
      eventually(`${url} answers`, () => lab.seen(url).device === "200", 30);
      assert.deepEqual(lab.seen(url), CLOSED);
    }
  });

  it("goes with the service", () => {
    assert.equal(lab.tables().length, 2);
    for (const [script] of services) assert.equal(lab.run(script, "destroy").status, 0);
    assert.deepEqual(lab.tables(), []);
  });
});
