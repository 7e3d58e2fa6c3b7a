import assert from "node:assert/strict";

import { resolveConfig } from "../../../lib/config";
import { plain, runProgram, type ProgramRun } from "../../support/program";
import { PASSWORD, PRIVATE_KEY, standIn } from "../../support/standIns";

const run = (config: Record<string, unknown> = {}): Promise<ProgramRun> => runProgram({ standIn, config });
const two = resolveConfig({}, "test").releases;
const three = (addPackages: string[]): object[] => [...two, { version: "0.0.3", addPackages }];

/** Names of resources that only one run has, or whose inputs differ; without components. */
function difference(
  before: ProgramRun,
  after: ProgramRun,
): { added: string[]; removed: string[]; changed: string[] } {
  const inputs = (r: ProgramRun): Map<string, string> =>
    new Map(r.resources.filter((x) => x.custom).map((x) => [x.name, JSON.stringify(x.inputs)]));
  const [old, now] = [inputs(before), inputs(after)];
  return {
    added: [...now.keys()].filter((name) => !old.has(name)).sort(),
    removed: [...old.keys()].filter((name) => !now.has(name)).sort(),
    changed: [...now.keys()].filter((name) => old.has(name) && old.get(name) !== now.get(name)).sort(),
  };
}

describe("the program, run again", function () {
  this.timeout("60s");
  let first: ProgramRun;
  before(async () => {
    first = await run();
  });
  const env = (r: ProgramRun, name: string): Record<string, string> =>
    plain(r.resources.find((x) => x.name === name)?.inputs["environment"]) as Record<string, string>;
  const stdin = (r: ProgramRun, name: string): Record<string, unknown> =>
    JSON.parse(String(plain(r.resources.find((x) => x.name === name)?.inputs["stdin"]))) as Record<
      string,
      unknown
    >;
  const commits = (r: ProgramRun): string[] =>
    (r.outputs["releases"] as { commit: string }[]).map((release) => release.commit);

  it("changes nothing when nothing changed", async () => {
    assert.deepEqual(difference(first, await run()), { added: [], removed: [], changed: [] });
  });

  it("adds a third release's blueprint and commit, and rolls it out", async () => {
    const again = await run({ releases: three([]) });
    assert.deepEqual(difference(first, again), {
      added: ["blueprint-0.0.3-push", "commit-0.0.3-compose"],
      removed: [],
      changed: ["os-rollout"],
    });
    assert.deepEqual(commits(again).slice(0, 2), commits(first));
    assert.equal(env(again, "os-rollout")["EDGE_COMMIT"], commits(again)[2]);
  });

  it("checks new packages on the host before it composes them", async () => {
    const again = await run({ releases: three(["vim"]) });
    assert.deepEqual(difference(first, again), {
      added: ["blueprint-0.0.3-push", "commit-0.0.3-compose"],
      removed: [],
      changed: ["host-setup", "os-rollout"],
    });
    const names = (stdin(again, "host-setup")["packages"] as { name: string }[]).map((p) => p.name);
    assert.ok(names.includes("vim") && names.includes("strace"));
  });

  it("hands each compose its parent's commit", () => {
    const [one, second] = commits(first);
    assert.equal(stdin(first, "commit-0.0.1-compose")["parent"], null);
    assert.deepEqual(stdin(first, "commit-0.0.2-compose")["parent"], { version: "0.0.1", commit: one });
    assert.equal(env(first, "published-publish")["EDGE_COMMIT"], one);
    assert.equal(env(first, "os-rollout")["EDGE_COMMIT"], second);
  });

  it("composes a changed release and those after it anew, and none before it", async () => {
    const again = await run({ releases: [two[0], { version: "0.0.2", addPackages: ["strace", "vim"] }] });
    assert.equal(commits(again)[0], commits(first)[0]);
    assert.notEqual(commits(again)[1], commits(first)[1]);
    const earlier = await run({ releases: [{ version: "0.0.1", addPackages: ["vim"] }, two[1]] });
    assert.notEqual(commits(earlier)[0], commits(first)[0]);
    assert.notEqual(commits(earlier)[1], commits(first)[1]);
  });

  it("composes a release anew on another parent, though its own packages are the same", async () => {
    const again = await run({
      releases: [{ version: "0.0.1", addPackages: ["strace"] }, { version: "0.0.2" }],
    });
    const packages = (r: ProgramRun): unknown => stdin(r, "commit-0.0.2-compose")["packages"];
    assert.deepEqual(packages(again), packages(first));
    assert.notEqual(commits(again)[1], commits(first)[1]);
  });

  it("goes back to an earlier release by its rollout alone", async () => {
    const again = await run({ targetVersion: "0.0.1" });
    assert.deepEqual(difference(first, again), { added: [], removed: [], changed: ["os-rollout"] });
    assert.equal(env(again, "os-rollout")["EDGE_COMMIT"], commits(first)[0]);
  });

  it("points prod at the other version of the app, and builds nothing", async () => {
    const again = await run({ app: { release: "v2" } });
    const { added, removed, changed } = difference(first, again);
    assert.deepEqual([added, removed], [[], []]);
    assert.deepEqual(changed, ["app-prod-push", "app-served"]);
    assert.equal(env(again, "app-served")["EDGE_RELEASE"], "v2");
  });

  it("adds a third device; the others only advertise less often on a host that now has more to emulate", async () => {
    const config = resolveConfig({}, "test");
    const names = config.devices.map(({ name, role }) => ({ name, role }));
    const again = await run({ devices: [...names, { name: "edge-device-3", role: "backup" }] });
    const { added, removed, changed } = difference(first, again);
    assert.deepEqual(removed, []);
    assert.ok(added.length > 0 && added.every((name) => name.startsWith("edge-device-3-")), added.join(" "));
    assert.deepEqual(
      changed.filter((name) => /^edge-device-[12]-/.test(name)),
      ["edge-device-1-settings", "edge-device-2-settings"],
    );
    const adverts = (r: ProgramRun): unknown[] =>
      [1, 2].map((n) => stdin(r, `edge-device-${n}-settings`)["advertSeconds"]);
    assert.deepEqual(
      [adverts(first), adverts(again)],
      [
        [0.3, 0.3],
        [1.5, 1.5],
      ],
    );
  });

  it("gives devices other priorities in place, where the list gets one in the middle, or another order", async () => {
    const device = (n: number, role = "backup"): object => ({
      name: `edge-device-${n}`,
      role,
      address: `192.168.76.${10 + n}`,
    });
    const network = { advertSeconds: 0.3 };
    const [one, two_, three] = [device(1, "primary"), device(2), device(3)];
    const before = await run({ network, devices: [one, two_] });
    for (const devices of [
      [one, three, two_],
      [three, two_, one],
      [three, one, two_],
    ]) {
      const again = await run({ network, devices });
      const { changed } = difference(before, again);
      const old = changed.filter((name) => /^edge-device-[12]-/.test(name));
      assert.deepEqual(old, ["edge-device-2-settings"], JSON.stringify(devices));
      const priorities = [1, 3, 2].map((n) => stdin(again, `edge-device-${n}-settings`)["vipPriority"]);
      assert.deepEqual(priorities, [255, 254, 253]);
    }
    assert.equal(stdin(before, "edge-device-2-settings")["vipPriority"], 254);
  });

  it("gives the primary its settings first, wherever it stands in the list", async () => {
    const again = await run({
      devices: [
        { name: "b", role: "backup" },
        { name: "a", role: "primary" },
        { name: "c", role: "backup" },
      ],
    });
    const uses = (name: string): string[] =>
      Object.values(again.resources.find((r) => r.name === `${name}-settings`)?.uses ?? {}).flat();
    assert.ok(uses("b").includes("a-settings") && uses("c").includes("a-settings"));
    assert.ok(!uses("a").some((name) => name.endsWith("-settings")));
  });

  it("makes another device of one whose address changed, and of no other", async () => {
    const devices = [
      { name: "edge-device-1", role: "primary" },
      { name: "edge-device-2", role: "backup", address: "192.168.76.50" },
    ];
    const { changed } = difference(first, await run({ devices }));
    assert.ok(changed.includes("edge-device-2-disk"));
    assert.ok(!changed.some((name) => name.startsWith("edge-device-1-")), changed.join(" "));
  });

  it("takes a given password and keys, and generates none for its hash", async () => {
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFub3RoZXJrZXk me@laptop";
    const again = await run({ coreUser: { password: "correct horse", authorizedKeys: [key] } });
    assert.equal(again.outputs["corePassword"], "correct horse");
    assert.ok(again.secretOutputs.includes("corePassword"));
    const kickstart = String(stdin(again, "iso-primary-make")["kickstart"]);
    assert.ok(kickstart.includes(key));
    for (const { name, inputs } of again.resources) {
      assert.ok(!JSON.stringify(inputs).includes("correct horse"), name);
    }
  });

  it("keeps a subscription's password and key out of every input that is not secret", async () => {
    for (const subscription of [
      { username: "me", password: "hunter2hunter2" },
      { organization: "1", activationKey: "hunter2hunter2" },
    ]) {
      const again = await run({ subscription });
      const open = again.resources.filter((r) => JSON.stringify(r.inputs).includes("hunter2"));
      assert.deepEqual(
        open.map((r) => r.name),
        [],
      );
    }
  });
});

describe("the stack outputs", function () {
  this.timeout("60s");
  let outputs: Record<string, unknown>;
  before(async () => {
    ({ outputs } = await run());
  });

  it("list devices and releases in the documented form", () => {
    const [one, second] = outputs["releases"] as [Record<string, unknown>, Record<string, unknown>];
    assert.deepEqual(Object.keys(one), [
      "version",
      "commit",
      "parent",
      "ref",
      "packages",
      "added",
      "removed",
      "sizeBytes",
    ]);
    assert.equal(second["parent"], one["commit"]);
    assert.deepEqual(second["added"], [{ name: "strace", version: "1" }]);
    assert.equal(second["ref"], "debian/trixie/x86_64/edge");
    assert.equal(typeof second["packages"], "number");
    assert.deepEqual(
      outputs["devices"],
      [
        { name: "edge-device-1", role: "primary", address: "192.168.76.11" },
        { name: "edge-device-2", role: "backup", address: "192.168.76.12" },
      ].map((device) => ({ ...device, version: "0.0.2", commit: second["commit"] })),
    );
  });

  it("say where everything answers and how to log in", () => {
    assert.equal(outputs["contentUrl"], "http://192.168.76.1:8000");
    assert.equal(outputs["registry"], "192.168.76.1:5000");
    assert.equal(outputs["corePassword"], PASSWORD);
    assert.equal(outputs["sshPrivateKey"], PRIVATE_KEY);
    const commands = outputs["sshCommand"] as Record<string, string>;
    assert.deepEqual(Object.keys(commands), ["edge-device-1", "edge-device-2"]);
    assert.match(commands["edge-device-2"] ?? "", /^ssh -i \S+\/ssh\/id_ed25519 .* core@192\.168\.76\.12$/);
  });
});
