import assert from "node:assert/strict";

import fc from "fast-check";

import {
  isAddress,
  isHostAddress,
  macFor,
  nthAddress,
  parseSubnet,
  toAddress,
  toNumber,
  type Subnet,
} from "../../../lib/addresses";

const anyNumber = fc.integer({ min: 0, max: 0xffffffff });
const anyAddress = anyNumber.map(toAddress);
/** A network of a size that the configuration accepts. */
const anySubnet = fc.tuple(anyNumber, fc.integer({ min: 8, max: 28 })).map(([n, prefix]): Subnet => {
  const network = toAddress(((n >>> (32 - prefix)) << (32 - prefix)) >>> 0);
  const subnet = parseSubnet(`${network}/${prefix}`);
  assert.ok(subnet);
  return subnet;
});

describe("addresses", () => {
  it("turn into numbers and back", () => {
    fc.assert(fc.property(anyNumber, (n) => toNumber(toAddress(n)) === n));
    assert.equal(toNumber("192.168.76.1"), 0xc0a84c01);
  });

  it("are four decimal parts and nothing else", () => {
    fc.assert(fc.property(anyAddress, isAddress));
    for (const text of [
      "",
      "1.2.3",
      "1.2.3.4.5",
      "01.2.3.4",
      "1.2.3.256",
      "0x7f.0.0.1",
      "::1",
      "1.2.3.4 ",
      "2130706433",
    ]) {
      assert.equal(isAddress(text), false, text);
    }
  });

  it("have a subnet with gateway, broadcast and netmask", () => {
    assert.deepEqual(parseSubnet("192.168.76.0/24"), {
      cidr: "192.168.76.0/24",
      prefix: 24,
      network: "192.168.76.0",
      gateway: "192.168.76.1",
      broadcast: "192.168.76.255",
      netmask: "255.255.255.0",
    });
    assert.equal(parseSubnet("10.0.0.0/8")?.netmask, "255.0.0.0");
    assert.equal(parseSubnet("172.16.5.16/28")?.broadcast, "172.16.5.31");
  });

  it("have no subnet where host bits are set or the text is no CIDR", () => {
    for (const text of [
      "192.168.76.1/24",
      "192.168.76.0",
      "192.168.76.0/33",
      "192.168.76.0/-1",
      "192.168.076.0/24",
      "fd00::/64",
      "x",
    ]) {
      assert.equal(parseSubnet(text), undefined, text);
    }
  });

  it("are host addresses strictly between network and broadcast", () => {
    fc.assert(
      fc.property(anySubnet, anyAddress, (subnet, address) => {
        const mask = toNumber(subnet.netmask);
        const inside = (toNumber(address) & mask) >>> 0 === toNumber(subnet.network);
        const edge = address === subnet.network || address === subnet.broadcast;
        assert.equal(isHostAddress(subnet, address), inside && !edge);
      }),
    );
    fc.assert(
      fc.property(anySubnet, fc.nat(), (subnet, n) => {
        const size = 2 ** (32 - subnet.prefix);
        assert.equal(
          isHostAddress(subnet, nthAddress(subnet, n % size)),
          n % size > 0 && n % size < size - 1,
        );
      }),
    );
  });

  it("count from the network, the gateway first", () => {
    fc.assert(
      fc.property(anySubnet, (subnet) => {
        assert.equal(nthAddress(subnet, 0), subnet.network);
        assert.equal(nthAddress(subnet, 1), subnet.gateway);
        assert.ok(isHostAddress(subnet, subnet.gateway));
      }),
    );
  });
});

describe("macFor", () => {
  it("is a unicast, locally administered address in QEMU's range", () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        assert.match(macFor(address), /^52:54:00(:[0-9a-f]{2}){3}$/);
        assert.equal(parseInt(macFor(address).slice(0, 2), 16) & 3, 2);
      }),
    );
    assert.equal(macFor("192.168.76.11"), "52:54:00:a8:4c:0b");
  });

  it("differs for any two addresses of one subnet", () => {
    fc.assert(
      fc.property(anySubnet, fc.nat(), fc.nat(), (subnet, a, b) => {
        const size = 2 ** (32 - subnet.prefix);
        fc.pre(a % size !== b % size);
        assert.notEqual(macFor(nthAddress(subnet, a % size)), macFor(nthAddress(subnet, b % size)));
      }),
    );
  });
});
