import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";

import { toAddress, toNumber } from "../../../lib/addresses";
import { Preflight } from "../../support/preflight";
import { skipBecause } from "../../support/skip";

describe("preflight on the network", () => {
  let preflight: Preflight;
  beforeEach(() => {
    preflight = new Preflight();
  });
  afterEach(() => preflight.remove());

  describe("cidrs_overlap", () => {
    const cidr = fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }));
    const text = ([n, prefix]: [number, number]): string => `${toAddress(n)}/${prefix}`;
    const range = ([n, prefix]: [number, number]): [number, number] => {
      const size = 2 ** (32 - prefix);
      const first = Math.floor(toNumber(toAddress(n)) / size) * size;
      return [first, first + size - 1];
    };

    it("is true for exactly the networks that have an address in common", () => {
      const near = cidr.chain(([n, prefix]) =>
        fc.tuple(
          fc.constant<[number, number]>([n, prefix]),
          fc.oneof(
            cidr,
            fc.tuple(fc.constant(n), fc.integer({ min: 0, max: 32 })),
            fc
              .tuple(fc.constant(n ^ 256), fc.integer({ min: 20, max: 30 }))
              .map(([m, p]): [number, number] => [m >>> 0, p]),
          ),
        ),
      );
      const pairs = fc.sample(near, 400);
      const script = pairs
        .map(([a, b]) => `cidrs_overlap ${text(a)} ${text(b)} && echo yes || echo no`)
        .join("\n");
      const answers = preflight.check(script).stdout.trim().split("\n");
      pairs.forEach(([a, b], i) => {
        const [[a0, a1], [b0, b1]] = [range(a), range(b)];
        assert.equal(answers[i], a0 <= b1 && b0 <= a1 ? "yes" : "no", `${text(a)} ${text(b)}`);
      });
      assert.ok(answers.includes("yes") && answers.includes("no"));
    });
  });

  describe("check_subnet", () => {
    const routes = (...lines: string[]): void =>
      preflight.standIn("ip", `cat <<'END'\n${lines.join("\n")}\nEND`);

    it("takes a subnet that nothing uses, default routes left out", () => {
      routes("default via 10.0.0.1 dev eth0", "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.5");
      preflight.good("check_subnet 192.168.76.0/24 edgelab0");
    });

    it("takes one that its own bridge has from a run before", () => {
      routes("192.168.76.0/24 dev edgelab0 proto kernel scope link src 192.168.76.1");
      preflight.good("check_subnet 192.168.76.0/24 edgelab0");
    });

    for (const [what, route] of [
      ["the same network", "192.168.76.0/24 dev br0 proto kernel"],
      ["a part of it", "192.168.76.64/26 dev br0 proto static metric 100"],
      ["a network around it", "192.168.0.0/16 dev br0 scope link"],
      ["a single address", "192.168.76.9 dev br0 scope link"],
      ["a blocked network", "blackhole 192.168.64.0/19"],
    ] as const) {
      it(`names ${what} that a route has`, () => {
        routes("default via 10.0.0.1 dev eth0", route);
        preflight.bad(
          "check_subnet 192.168.76.0/24 edgelab0",
          /network\.cidr 192\.168\.76\.0\/24 overlaps 192\.168\./,
          /free network\.cidr/,
        );
      });
    }
  });

  describe("check_port", () => {
    before(function () {
      if (process.getuid?.() !== 0) skipBecause(this, "a network namespace needs root");
    });
    /** Starts a listener, then runs the check, in a new network namespace. */
    const listening = (host: string, port = 5000, options = {}): string => `
      ip link set lo up
      ip addr add 192.168.76.1/24 dev lo
      coproc node -e 'require("node:net").createServer().listen(${JSON.stringify({ host, port, ...options })}, () => console.log("up"))'
      listener=$COPROC_PID
      read -r _ <&"\${COPROC[0]}"
      check_port 192.168.76.1 5000
      kill "$listener"`;
    const namespace = { namespace: true };

    it("takes a port on which nobody listens", () => {
      preflight.good(listening("192.168.76.1", 5001), namespace);
    });

    it("takes one that has a listener on another address", () => {
      preflight.good(listening("127.0.0.1"), namespace);
    });

    for (const address of ["192.168.76.1", "0.0.0.0", "::"]) {
      it(`names a listener on ${address}`, () => {
        preflight.bad(
          listening(address),
          /port 5000 of the lab's bridge is taken/,
          /ss -ltnp 'sport = :5000'/,
          namespace,
        );
      });
    }

    it("takes a listener for IPv6 only", () => {
      preflight.good(listening("::", 5000, { ipv6Only: true }), namespace);
    });

    it("takes the lab's own service on the lab's own address", () => {
      mkdirSync(join(preflight.path, "state/services"), { recursive: true });
      preflight.good(listening("192.168.76.1"), namespace);
      preflight.bad(listening("0.0.0.0"), /is taken/, /stop it/, namespace);
    });
  });

  describe("check_namespace", () => {
    it("names a libvirtd whose bridge would be elsewhere", function () {
      if (process.getuid?.() !== 0) skipBecause(this, "a network namespace needs root");
      // A process of that name, here or in the namespace of the checks.
      const check = (where: string): string => `
        cp "$(command -v sleep)" libvirtd
        ${where} ./libvirtd 20 &
        trap "kill $!" EXIT
        echo $! >pid
        for _ in {1..50}; do [[ $(cat /proc/$!/comm) != libvirtd ]] || break; sleep 0.1; done
        EDGE_LIBVIRTD_PID_FILE=$PWD/pid
        check_namespace`;
      preflight.good(check("exec"), { namespace: true });
      preflight.bad(
        check("exec unshare --net"),
        /libvirtd \(process \d+\) runs in another network namespace/,
        /stop it/,
        { namespace: true },
      );
      preflight.good(`echo 1 >pid; EDGE_LIBVIRTD_PID_FILE=$PWD/pid; check_namespace`, { namespace: true });
    });
  });
});
