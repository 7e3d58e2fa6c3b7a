import assert from "node:assert/strict";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { HostScripts } from "../../support/hostScripts";
import { skipBecause } from "../../support/skip";
import { driftOf } from "../support/drift";

const LIMIT_MS = 2000;
/** No Command's own scripts: they start others, or ask libvirt for all. */
const OTHERS = ["libvirt-status.sh", "node.sh", "push.sh", "remote-run.sh", "remote-verb.sh", "remote.sh"];
const scripts = readdirSync("assets/host").filter((name) => name.endsWith(".sh") && !OTHERS.includes(name));

/** The environment that the Commands give their scripts, on a host that has none of these objects. */
const ENV: Record<string, string> = {
  EDGE_ACCELERATOR: "auto",
  EDGE_ADDRESS: "192.168.76.11",
  EDGE_APP_TAG: "v1",
  EDGE_BRIDGE: "edgelab9",
  EDGE_BUILDER: "debian",
  EDGE_CIDR: "192.168.76.0/24",
  EDGE_COMMIT: "a".repeat(64),
  EDGE_DEPOT_PORT: "8000",
  EDGE_DEVICE: "edge-device-1",
  EDGE_GATEWAY: "127.0.0.1",
  EDGE_LIBVIRT_URI: "test:///default",
  EDGE_MAC: "52:54:00:a8:4c:0b",
  EDGE_NETWORK: "edge-lab",
  EDGE_REF: "debian/trixie/x86_64/edge",
  EDGE_REGISTRY: "127.0.0.1:9",
  EDGE_REGISTRY_PORT: "9",
  EDGE_ROLE: "primary",
  EDGE_UPLINK: "eth9",
  EDGE_VERSION: "0.0.1",
};
/** Commands of every distribution's base system, without the lab's packages. */
const BASE =
  "awk bash basename cat comm cut dirname find getent grep head id mkdir od paste printf readlink sed sha256sum sleep sort stat tail timeout tr uname wc".split(
    " ",
  );
/** Scripts whose status may report no drift on a host without state. */
const WITHOUT_STATE = ["accelerator.sh", "app-image.sh", "libvirtd.sh", "packages.sh"];

describe("status of every host script", () => {
  let host: HostScripts;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "the host's scripts need root");
  });
  beforeEach(() => {
    host = new HostScripts();
    mkdirSync(join(host.path, "assets/builders/debian"), { recursive: true });
    writeFileSync(join(host.path, "assets/builders/debian/host-packages.txt"), "jq jq\n");
    mkdirSync(join(host.path, "base"));
    for (const name of BASE) {
      const from = ["/usr/bin", "/bin"]
        .map((dir) => join(dir, name))
        .find((path) => readdirSync(join(path, "..")).includes(name));
      if (from !== undefined) symlinkSync(from, join(host.path, "base", name));
    }
  });
  afterEach(() => host.remove());

  const timed = (script: string, env: Record<string, string>): string[] => {
    const start = Date.now();
    const drift = driftOf(host.run(script, "status", { ...ENV, ...env }));
    const took = Date.now() - start;
    assert.ok(took < LIMIT_MS, `${took} ms`);
    return drift;
  };

  for (const script of scripts) {
    it(`${script} with an empty state directory: valid, twice the same, within ${LIMIT_MS} ms, and nothing is written`, () => {
      const first = timed(script, {});
      if (!WITHOUT_STATE.includes(script)) assert.notDeepEqual(first, []);
      assert.deepEqual(timed(script, {}), first);
      assert.deepEqual(host.state(), []);
    });

    it(`${script} with the lab's tools missing, jq among them`, () => {
      const PATH = join(host.path, "base");
      const first = timed(script, { PATH });
      assert.deepEqual(timed(script, { PATH }), first);
      assert.deepEqual(host.state(), []);
    });

    it(`${script} with a state directory of which files are empty`, () => {
      const files = [
        "ssh/id_ed25519",
        "ssh/id_ed25519.pub",
        "repo/config",
        "repo/summary",
        "releases/0.0.1.json",
        "iso/edge-primary.iso",
        "depot/config.json",
        "depot/data/state.json",
        "host/applied",
        "blueprints/.pushed/first",
        "registry/declared/v1",
        "services/registry.run",
        "services/registry.applied",
        "services/registry.starts",
        "services/supervisor.sock",
        "console/edge-device-1.enrolled",
        "run/accelerator/kvm-device",
        "run/accelerator/cores",
      ];
      for (const file of files) {
        mkdirSync(join(host.stateDir, file, ".."), { recursive: true });
        writeFileSync(join(host.stateDir, file), "");
      }
      const before = host.state();
      timed(script, {});
      assert.deepEqual(host.state(), before);
    });
  }

  it("is valid JSON whatever the names hold", () => {
    const drift = timed("publish.sh", { EDGE_REF: 'a"b\\c\td' });
    assert.match(drift.join(), /a"b\\c d/);
  });
});
