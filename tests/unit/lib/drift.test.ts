import assert from "node:assert/strict";

import { diskGeneration, driftMarks, markDrift } from "../../../lib/drift";
import { parseStackState, type StackState } from "../../../lib/stackState";

const urn = (name: string): string => `urn:pulumi:dev::edge-lab::t::${name}`;
const stateFile = (resources: object[]): string =>
  JSON.stringify({ version: 3, checkpoint: { latest: { resources } } });

/** A state with one Command and one libvirt object of each kind. */
function state(environment: Record<string, string> = {}, trigger?: string): StackState {
  const object = (kind: string, name: string): object => ({
    urn: urn(name),
    type: `libvirt:index/${kind}:${kind[0]?.toUpperCase()}${kind.slice(1)}`,
    inputs: { name: `lv-${name}`, pool: kind === "volume" ? "edge-lab" : undefined },
    ...(trigger === undefined ? {} : { replacementTrigger: trigger }),
  });
  return parseStackState(
    stateFile([
      { urn: urn("stack"), type: "pulumi:pulumi:Stack" },
      {
        urn: urn("registry-service"),
        type: "command:local:Command",
        inputs: {
          create: "exec ./assets/host/registry.sh apply",
          environment: { EDGE_STATE_DIR: "/s", ...environment },
          stdin: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "x" },
        },
        outputs: { stdout: '{"address":"a"}' },
      },
      { ...object("domain", "d-domain"), id: "0b8f5ac6" },
      {
        urn: urn("core"),
        type: "edge-lab:index:CoreUser",
        outputs: { authorizedKeys: ["ssh-ed25519 AAAA user", "ssh-ed25519 BBBB edge-lab"] },
      },
      object("network", "n-network"),
      object("pool", "p-pool"),
      object("volume", "d-disk"),
    ]),
  );
}

describe("the stack's state", () => {
  it("is read: Commands with their plain values, libvirt's objects by their own names", () => {
    const { commands, objects, publicKey } = state({ EDGE_GATEWAY: "192.0.2.1" }, "1: gone");
    assert.equal(publicKey, "ssh-ed25519 BBBB edge-lab");
    assert.deepEqual(commands.get("registry-service"), {
      name: "registry-service",
      create: "exec ./assets/host/registry.sh apply",
      environment: { EDGE_STATE_DIR: "/s", EDGE_GATEWAY: "192.0.2.1" },
      stdin: "",
      stdout: '{"address":"a"}',
    });
    assert.deepEqual(
      objects.map((o) => [o.kind, o.name, o.id, o.libvirtName, o.pool, o.trigger]),
      [
        ["domain", "d-domain", "0b8f5ac6", "lv-d-domain", "", "1: gone"],
        ["network", "n-network", "", "lv-n-network", "", "1: gone"],
        ["pool", "p-pool", "", "lv-p-pool", "", "1: gone"],
        ["volume", "d-disk", "", "lv-d-disk", "edge-lab", "1: gone"],
      ],
    );
  });

  it("leaves out what is replaced already, and knows what a run that was cut off was to make anew", () => {
    const made = (name: string, type: string, more: object): object => ({
      urn: urn(name),
      type,
      inputs: { name, environment: { EDGE_GENERATION: "1: its disk is gone" } },
      ...more,
    });
    const volume = "libvirt:index/volume:Volume";
    const { commands, objects } = parseStackState(
      stateFile([
        made("old-disk", volume, { delete: true }),
        made("new-disk", volume, {}),
        made("d-domain", "libvirt:index/domain:Domain", { pendingReplacement: true }),
        made("old", "command:local:Command", { delete: true }),
        made("d-installed", "command:local:Command", { pendingReplacement: true }),
      ]),
    );
    assert.deepEqual(
      objects.map((o) => o.name),
      ["new-disk"],
    );
    assert.deepEqual([...commands.keys()], ["d-installed"]);
    assert.equal(commands.get("d-installed")?.pendingReplacement, true);
    assert.equal(commands.get("d-installed")?.environment["EDGE_GENERATION"], "1: its disk is gone");
  });

  it("of a stack that has nothing yet is empty", () => {
    for (const text of [stateFile([]), '{"version":3,"checkpoint":{"latest":null}}', '{"version":3}']) {
      assert.equal(parseStackState(text).commands.size, 0);
    }
  });
});

const found = new Map([
  ["registry-service", ["does not answer", "its supervisor is gone"]],
  ["n-network", ["libvirt has no network"]],
]);

describe("drift marks", () => {
  it("are a new text for what drifted, and nothing for what did not", () => {
    assert.deepEqual(Object.fromEntries(driftMarks(state(), found)), {
      "registry-service": "1: does not answer; its supervisor is gone",
      "n-network": "1: libvirt has no network",
    });
  });

  it("stay as they are recorded once the repair is made", () => {
    const marks = driftMarks(state({ EDGE_DRIFT: "1: does not answer" }, "2: gone"), new Map());
    assert.equal(marks.get("registry-service"), "1: does not answer");
    assert.deepEqual(
      [marks.get("d-domain"), marks.get("n-network"), marks.get("p-pool")],
      Array(3).fill("2: gone"),
    );
  });

  it("differ for the same finding at another time", () => {
    const marks = driftMarks(
      state({ EDGE_DRIFT: "1: does not answer" }),
      new Map([["registry-service", ["does not answer"]]]),
    );
    assert.equal(marks.get("registry-service"), "2: does not answer");
  });

  it("do not replace a disk that is gone by itself: it makes another device", () => {
    const gone = new Map([["d-disk", ["its disk is gone"]]]);
    assert.equal(driftMarks(state(), gone).size, 0);
    assert.equal(diskGeneration("d", state(), gone), "1: its disk is gone");
    assert.equal(diskGeneration("d", state(), new Map()), "");
  });
});

describe("a marked resource", () => {
  const mark = markDrift(
    new Map([
      ["registry-service", "1: dead"],
      ["n-network", "1: gone"],
    ]),
  );
  const args = (type: string, name: string): Parameters<typeof mark>[0] => ({
    type,
    name,
    props: { create: "exec x apply", environment: { EDGE_STATE_DIR: "/s" } },
    opts: { protect: true },
    resource: {} as never,
  });

  it("that is a Command runs again in place, by one variable more", () => {
    assert.deepEqual(mark(args("command:local:Command", "registry-service")), {
      opts: { protect: true },
      props: { create: "exec x apply", environment: { EDGE_STATE_DIR: "/s", EDGE_DRIFT: "1: dead" } },
    });
  });

  it("that is libvirt's is replaced, with the inputs as they are", () => {
    const { props } = args("libvirt:index/network:Network", "n-network");
    assert.deepEqual(mark(args("libvirt:index/network:Network", "n-network")), {
      opts: { protect: true, replacementTrigger: "1: gone" },
      props,
    });
  });

  it("that is libvirt's has a trigger from the beginning: the first value of one replaces nothing", () => {
    for (const type of ["domain:Domain", "network:Network", "pool:Pool"]) {
      const marked = mark(args(`libvirt:index/${type}`, "never-repaired"));
      assert.equal((marked?.opts as { replacementTrigger?: string }).replacementTrigger, "0", type);
    }
    assert.equal(mark(args("libvirt:index/volume:Volume", "d-disk")), undefined);
    assert.equal(driftMarks(state({}, "0"), found).get("n-network"), "1: libvirt has no network");
    assert.equal(driftMarks(state({}, "0"), new Map()).get("n-network"), "0");
  });

  it("of another kind or name is left alone", () => {
    assert.equal(mark(args("command:local:Command", "other")), undefined);
    assert.equal(mark(args("edge-lab:index:Registry", "registry-service")), undefined);
  });
});
