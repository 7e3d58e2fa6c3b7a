import assert from "node:assert/strict";
import { existsSync, linkSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { clean, diskUsage } from "../../../cli/verbs/caches";
import { doctor } from "../../../cli/verbs/doctor";
import { lock } from "../../../cli/verbs/lock";
import { logs } from "../../../cli/verbs/logs";
import { retry } from "../../../cli/verbs/retry";
import { openConsole, ssh } from "../../../cli/verbs/shell";
import { status } from "../../../cli/verbs/status";
import type { DeviceReport } from "../../../protocol/report";
import type { ClientView, DeviceView } from "../../../protocol/status";
import { LabProject } from "../../support/labProject";

const NEW = "b".repeat(64);
const report: DeviceReport = {
  device: "edge-device-1",
  bootId: "x",
  event: "boot",
  health: "green",
  booted: { commit: NEW, version: "0.0.2" },
  staged: null,
  rollback: { commit: "a".repeat(64), version: "0.0.1" },
  bootCounter: null,
  vip: true,
  app: "idle",
  failed: [{ commit: "c".repeat(64) }, { commit: "c".repeat(64) }],
  problems: [],
  updatePhase: "idle",
};
const devices: DeviceView[] = [
  {
    name: "edge-device-1",
    role: "primary",
    address: "192.168.76.11",
    receivedAt: new Date().toISOString(),
    ageSeconds: 0,
    report,
  },
  {
    name: "edge-device-2",
    role: "backup",
    address: "192.168.76.12",
    receivedAt: null,
    ageSeconds: null,
    report: null,
  },
];
const fetched = { files: 11, bytes: 650_000, requests: 11 };
const none = { files: 0, bytes: 0, requests: 0 };
const clients: ClientView[] = [
  {
    client: "192.168.76.11",
    device: "edge-device-1",
    ...fetched,
    kinds: { object: fetched, delta: none, meta: none },
    firstSeen: "2026-11-23T10:00:00.000Z",
    lastSeen: "2026-11-23T10:00:00.000Z",
  },
];

const rollout = {
  state: "done",
  id: "r",
  targetCommit: NEW,
  version: "0.0.2",
  startedAt: "2026-11-23T10:00:00.000Z",
  from: "a".repeat(64),
  fromVersion: "0.0.1",
};
const depot = (state = "done"): Record<string, unknown> => ({
  "/v1/devices": devices,
  "/v1/clients": clients,
  "/v1/rollout": { ...rollout, state },
  "/v1/lock": { holders: [], halted: [], withdrawn: state === "withdrawn" ? rollout : null },
});

describe("lab verbs", () => {
  let lab: LabProject;
  beforeEach(() => {
    lab = new LabProject();
  });
  afterEach(() => lab.remove());

  describe("status", () => {
    it("says that the lab is not up, with what would build it", async () => {
      const { status: code, out } = await lab.run(() => status({ json: false }));
      assert.equal(code, 0);
      assert.equal(out, "stack dev: the lab is not up (npm run up builds it)\n");
    });

    it("is one JSON document also then", async () => {
      const { out } = await lab.run(() => status({ json: true }));
      assert.deepEqual(JSON.parse(out), {
        stack: "dev",
        up: false,
        targetVersion: "0.0.2",
        vip: "192.168.76.100",
        devices: [],
      });
    });

    it("has every device, also one that has not reported", async () => {
      await lab.serveDepot(depot());
      const { out } = await lab.run(() => status({ json: true }));
      const document = JSON.parse(out) as { up: boolean; devices: Record<string, unknown>[] };
      assert.ok(document.up);
      const [one, two] = document.devices;
      assert.deepEqual(
        [
          one?.["health"],
          one?.["vip"],
          one?.["booted"],
          one?.["rollback"],
          one?.["failedCommits"],
          one?.["files"],
        ],
        ["green", true, "0.0.2 bbbbbbbbbbbb", "0.0.1 aaaaaaaaaaaa", ["cccccccccccc"], 11],
      );
      assert.deepEqual([two?.["health"], two?.["booted"], two?.["bytes"]], ["no report", null, 0]);
    });

    it("is a table with a column for each of these", async () => {
      await lab.serveDepot(depot());
      const { out } = await lab.run(() => status({ json: false }));
      const [title, head = "", one = "", two = "", ...more] = out.trimEnd().split("\n");
      assert.deepEqual(more, []);
      assert.equal(title, "stack dev, target 0.0.2, VIP 192.168.76.100");
      const at = head.indexOf("BOOTED");
      assert.equal(one.slice(at, at + 5), "0.0.2");
      assert.match(one, /edge-device-1 +primary .* yes .*11 files, 0\.7 MB$/);
      assert.match(two, /edge-device-2 +backup .*no report +- +- /);
    });

    it("says that the last rollout was withdrawn, as lab lock does", async () => {
      await lab.serveDepot(depot("withdrawn"));
      const { out } = await lab.run(() => status({ json: false }));
      assert.match(out, /^rollout of 0\.0\.2 withdrawn; the next npm run up goes on$/m);
      const json = (await lab.run(() => status({ json: true }))).out;
      assert.deepEqual((JSON.parse(json) as { rollout: object }).rollout, {
        state: "withdrawn",
        version: "0.0.2",
      });
      assert.equal(
        (await lab.run(() => lock({ release: false }))).out,
        "nobody holds the reboot lock\nrollout of 0.0.2 withdrawn: devices are told to run 0.0.1; the next npm run up goes on\n",
      );
    });

    it("names the depot's answer when that is an error", async () => {
      await lab.serveDepot({ "/v1/devices": devices });
      await assert.rejects(
        lab.run(() => status({ json: true })),
        /depot: GET \/v1\/clients answered 404: "no such path"/,
      );
    });
  });

  describe("retry", () => {
    const halts = { [`/v1/halts/${NEW}`]: { holders: [], halted: [] } };

    it("lets a device forget, ends the halt, and says which commits they were", async () => {
      await lab.serveDepot(halts);
      lab.standIn("ssh", `echo ${NEW}`);
      const { status: code, out } = await lab.run(() => retry("edge-device-2", { all: false }));
      assert.equal(code, 0);
      assert.equal(out, "edge-device-2: forgot bbbbbbbbbbbb; npm run up rolls it out again\n");
      assert.deepEqual(lab.depotCalls(), [`DELETE /v1/halts/${NEW}`]);
      assert.match(lab.calls().join(), /core@192\.168\.76\.12 sudo \/usr\/libexec\/edge\/retry$/);
    });

    it("asks every device with --all, and names one that could not be reached", async () => {
      await lab.serveDepot(halts);
      lab.standIn("ssh", `[[ $* != *76.12* ]] || { echo "no route to host" >&2; exit 255; }`);
      const run = lab.run(() => retry(undefined, { all: true }));
      await assert.rejects(
        run,
        /^LabError: edge-device-2 did not forget anything: status 255: no route to host$/,
      );
      assert.equal(lab.calls().length, 2);
    });

    it("wants one device that there is, or all", async () => {
      for (const [name, all, error] of [
        ["edge-9", false, /there is no device "edge-9"; rule: .*; fix: one of edge-device-1, edge-device-2/],
        [undefined, false, /rule: one device, or --all/],
        ["edge-device-1", true, /rule: one device, or --all/],
      ] as const) {
        await assert.rejects(
          lab.run(() => retry(name, { all })),
          error,
        );
      }
      assert.deepEqual(lab.calls(), []);
    });
  });

  describe("logs", () => {
    it("lists the logs, prints one, and answers a wrong name with the right ones", async () => {
      assert.equal((await lab.run(() => logs(undefined))).out, "no logs: the lab is not there\n");
      lab.put("log/registry.log", "line\n");
      lab.put("log/packages.log", "other\n");
      lab.put("log/notes.txt", "x");
      assert.equal((await lab.run(() => logs(undefined))).out, "packages\nregistry\n");
      assert.equal((await lab.run(() => logs("registry"))).out, "line\n");
      await assert.rejects(
        lab.run(() => logs("../passphrase")),
        /there is no log "\.\.\/passphrase"; rule: .*; fix: packages, registry/,
      );
    });
  });

  describe("console and ssh", () => {
    it("prints the console's log where there is no terminal", async () => {
      lab.put("console/edge-device-1.log", "\u001b[1mBooting\u001b[0m\r\n");
      assert.equal((await lab.run(() => openConsole("edge-device-1", true))).out, "Booting\n");
    });

    it("answers a wrong device with the right ones", async () => {
      for (const verb of [() => openConsole("edge-device-9", true), () => ssh("edge-device-9", [])]) {
        await assert.rejects(
          lab.run(verb),
          /there is no device "edge-device-9"; .* one of edge-device-1, edge-device-2/,
        );
      }
    });

    it("hands ssh the device, its key, and the words after it", async () => {
      lab.standIn("ssh", "exit 7");
      const { status: code } = await lab.run(() => ssh("edge-device-2", ["which", "strace"]));
      assert.equal(code, 7);
      const [call = ""] = lab.calls();
      assert.ok(call.startsWith(`ssh -i ${lab.stateDir}/ssh/id_ed25519 `), call);
      assert.ok(call.endsWith(" core@192.168.76.12 which strace"), call);
    });
  });

  describe("doctor", () => {
    it("is content with a host without a lab", async () => {
      lab.standIn("virsh", 'echo "Running hypervisor: QEMU 7.2.0"');
      const { status: code, out } = await lab.run(doctor);
      assert.equal(code, 0, out);
      assert.match(out, /ok {3}libvirt: QEMU 7\.2\.0\n/);
      assert.match(out, /the lab is not up/);
    });

    it("names what is not well, each with a fix, and says so by its status", async () => {
      lab.standIn("virsh", 'echo "error: failed to connect" >&2; exit 1');
      const { status: code, out } = await lab.run(doctor);
      assert.equal(code, 1);
      assert.match(out, /BAD {2}libvirt: error: failed to connect\n {5}fix: npm run up converges/);
    });
  });

  describe("clean", () => {
    it("removes the caches and the links into them, and nothing else", async () => {
      mkdirSync(join(lab.path, "cache/toolchain"), { recursive: true });
      writeFileSync(join(lab.path, "cache/toolchain/x"), "x".repeat(2 << 20));
      mkdirSync(join(lab.path, "node_modules/.edge-lab"), { recursive: true });
      lab.put("host/applied", "");
      const { err } = await lab.run(clean);
      assert.equal(err, `clean: removed ${lab.path}/cache (2 MiB)\n`);
      assert.ok(!existsSync(join(lab.path, "cache")));
      assert.ok(!existsSync(join(lab.path, "node_modules/.edge-lab")));
      assert.ok(existsSync(join(lab.stateDir, "host/applied")));
      assert.match((await lab.run(clean)).err, /there is no/);
    });

    it("counts a file with two names once", () => {
      const folder = join(lab.path, "usage");
      mkdirSync(folder);
      writeFileSync(join(folder, "a"), "x".repeat(1 << 20));
      const before = diskUsage(folder);
      linkSync(join(folder, "a"), join(folder, "b"));
      assert.ok(before >= 1 << 20 && before < 2 << 20, String(before));
      assert.ok(diskUsage(folder) - before < 1 << 16);
    });
  });
});
