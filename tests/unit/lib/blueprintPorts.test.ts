import assert from "node:assert/strict";

import { debianCustomizations } from "../../../lib/builderInput";
import { BOTH, parse, refusal } from "../../support/blueprints";

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
