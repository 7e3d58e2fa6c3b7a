import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { HostScripts } from "../../support/hostScripts";
import { skipBecause } from "../../support/skip";

const UUID = "0b8f5ac6-7a5d-4b49-9a10-6b3f1a9b6c55";

/** A domain as virsh prints it. */
function domain(memory: number, metadata = ""): string {
  return `<domain type='kvm'>\n  <name>edge-1</name>\n  <uuid>${UUID}</uuid>\n${metadata}  <memory>${memory}</memory>\n</domain>`;
}

describe("libvirt-status.sh", () => {
  let host: HostScripts;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "the host's scripts need root");
  });
  beforeEach(() => {
    host = new HostScripts();
    mkdirSync(join(host.stateDir, "console"));
  });
  afterEach(() => host.remove());

  const env = { EDGE_LIBVIRT_URI: "test:///default", EDGE_DOMAINS: "edge-1" };
  const defined = (xml: string): void =>
    host.program(
      "bin/virsh",
      `case $* in *dumpxml*) cat <<'XML'\n${xml}\nXML\n;; *list*) echo edge-1 ;; esac`,
    );
  const differs = (): boolean => {
    const { domains } = host.answer("libvirt-status.sh", "status", env) as {
      domains: Record<string, { definition: string; recorded: string }>;
    };
    const { recorded = "", definition = "" } = domains["edge-1"] ?? {};
    assert.ok(recorded.startsWith(`${UUID} `));
    return recorded !== definition;
  };

  it("takes a domain that is told its owner for the same, and one with another memory for another", () => {
    defined(domain(2048));
    assert.equal(host.run("libvirt-status.sh", "record", env).status, 0);
    assert.equal(differs(), false);
    defined(domain(2048, '  <metadata>\n    <edge-lab:owner id="x"/>\n  </metadata>\n'));
    assert.equal(differs(), false);
    defined(domain(1024));
    assert.equal(differs(), true);
  });

  it("reads the names of pools, which virsh pads with blanks, and tells active from inactive", () => {
    host.program(
      "bin/virsh",
      `case $* in
        *"pool-list --all"*) printf '%-20s\\n' edge-lab other ;;
        *pool-list*) printf '%-20s\\n' edge-lab ;;
        *"net-list --all"*) echo edge-lab ;;
      esac`,
    );
    const { answers, networks, pools } = host.answer("libvirt-status.sh", "status", env);
    assert.deepEqual(
      { answers, networks, pools },
      { answers: true, networks: { "edge-lab": false }, pools: { "edge-lab": true, other: false } },
    );
  });

  for (const question of ["list --all", "net-list", "pool-list --all"]) {
    it(`knows nothing where virsh does not answer \`${question}\`: what is not listed is not gone`, () => {
      host.program(
        "bin/virsh",
        `case $* in *" ${question} --name") exit 1 ;; *list*) echo edge-lab ;; *) echo x ;; esac`,
      );
      const { answers, networks, pools } = host.answer("libvirt-status.sh", "status", env);
      assert.deepEqual({ answers, networks, pools }, { answers: false, networks: {}, pools: {} });
    });
  }
});
