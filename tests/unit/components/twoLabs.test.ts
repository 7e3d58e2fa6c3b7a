import assert from "node:assert/strict";

import { ownerId } from "../../../lib/owner";
import { plain, runProgram, type ProgramRun } from "../../support/program";
import { standIn } from "../../support/standIns";

const SECOND = {
  stateDir: ".lab-second",
  network: { cidr: "192.168.77.0/24", bridge: "edgelab1", name: "edge-lab-2" },
  ports: { registry: 5001, content: 8001 },
  devices: [
    { name: "second-1", role: "primary" },
    { name: "second-2", role: "backup" },
  ],
};

describe("two stacks of one clone", () => {
  let first: ProgramRun;
  let second: ProgramRun;
  before(async function () {
    this.timeout("120s");
    first = await runProgram({ standIn });
    second = await runProgram({ standIn, stack: "second", config: SECOND });
  });
  const inputs = (run: ProgramRun, type: string): Record<string, unknown>[] =>
    run.resources.filter((r) => r.type === type).map((r) => plain(r.inputs) as Record<string, unknown>);

  it("name no libvirt object, bridge, state directory or address alike", () => {
    const names = (run: ProgramRun): string[] => [
      ...["domain:Domain", "network:Network", "pool:Pool"].flatMap((kind) =>
        inputs(run, `libvirt:index/${kind}`).map((i) => `${kind} ${String(i["name"])}`),
      ),
      ...inputs(run, "libvirt:index/network:Network").map((i) => String(i["bridge"])),
      ...inputs(run, "libvirt:index/volume:Volume").map((i) => `disk in ${String(i["pool"])}`),
      ...inputs(run, "libvirt:index/domain:Domain").map(
        (i) => `device on ${String((i["networkInterfaces"] as { bridge: string }[])[0]?.bridge)}`,
      ),
      ...inputs(run, "command:local:Command").map((i) =>
        String((i["environment"] as Record<string, string>)["EDGE_STATE_DIR"]),
      ),
      ...["contentUrl", "registry", "vip"].map((name) => String(run.outputs[name])),
    ];
    const one = names(first);
    assert.ok(one.includes("network:Network edge-lab") && one.includes("pool:Pool edge-lab"));
    assert.ok(one.includes("edgelab0"));
    const two = names(second);
    assert.ok(two.includes("disk in edge-lab-2") && two.includes("device on edgelab1"));
    assert.deepEqual(
      two.filter((name) => one.includes(name)),
      [],
    );
    assert.equal(second.outputs["contentUrl"], "http://192.168.77.1:8001");
    assert.equal(second.outputs["registry"], "192.168.77.1:5001");
  });

  it("put their owner into the network, in a way that replaces none that is there", () => {
    for (const [run, stack, folder] of [
      [first, "dev", ".lab"],
      [second, "second", ".lab-second"],
    ] as const) {
      const network = run.resources.find((r) => r.type === "libvirt:index/network:Network");
      const { xslt } = plain(network?.inputs["xml"]) as { xslt: string };
      assert.ok(xslt.includes(`stack="${stack}"`));
      assert.ok(xslt.includes(`id="${ownerId(`${process.cwd()}/${folder}`)}"`));
      assert.deepEqual(network?.ignoreChanges, ["xml"]);
    }
  });
});
