import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { LoadResult } from "../../scenarios/engine/clientLoad";
import { outputs, type Outputs } from "./support/devices";
import { lab, STACK_FILE, type Finished } from "./support/lab";
import { underLoad } from "./support/load";
import { operations } from "./support/operations";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFub3RoZXJrZXk me@laptop";
const THIRD = "    - version: 0.0.3\n      addPackages: [tcpdump]\n";

describe("a third release in the stack file", function () {
  this.timeout(1_200_000);
  let first: Outputs;
  let refused: Finished;
  let owner = "";
  let bootIds: Record<string, string> = {};

  const change = (edit: (text: string) => string): void =>
    writeFileSync(join(lab.dir, STACK_FILE), edit(lab.read(STACK_FILE).trimEnd() + "\n"));
  const up = (edit: (text: string) => string, log: string): Promise<Finished> => {
    change(edit);
    return lab.npm("up", { seconds: 1_000, log });
  };
  const restore = (): Promise<Finished> => lab.run("git", ["checkout", "-q", STACK_FILE]);
  const bootId = async (name: string): Promise<string> =>
    (await lab.device(name, "cat /proc/sys/kernel/random/boot_id")).stdout.trim();

  before(async () => {
    first = await outputs();
    owner = (await lab.status()).devices.find((d) => d.vip)?.name ?? "";
    bootIds = Object.fromEntries(
      await Promise.all(first.devices.map(async (d) => [d.name, await bootId(d.name)] as const)),
    );
  });
  after(restore);

  describe("with the upgrade gate closed", () => {
    before(async () => {
      refused = await up((text) => `${text}${THIRD}  edge-lab:upgradeGate: closed\n`, "up-gate-closed");
      await restore();
    });

    it("is composed on the second, and nothing else is made anew", () => {
      const created = [...refused.output.matchAll(/^ \+ +\S+ (\S+) created/gm)].map((m) => m[1] ?? "").sort();
      assert.deepEqual(
        created.filter((name) => /-(push|compose)$/.test(name)),
        ["blueprint-0.0.3-push", "commit-0.0.3-compose"],
      );
    });

    it("fails up with device, check, its words, the console's end and the place of the evidence", () => {
      assert.notEqual(refused.status, 0);
      const text = refused.output;
      assert.match(text, /rollout of 0\.0\.3 failed on edge-device-\d: 01_check_upgrade\.sh failed/);
      assert.match(text, /commit: +[0-9a-f]{64}/);
      assert.match(text, /output: +the upgrade gate is closed: running [0-9a-f]{64}/);
      assert.match(text, /now on: +0\.0\.2/);
      const bundle = /evidence: (\S+)/.exec(text)?.[1] ?? "";
      for (const file of ["console.log", "journal.txt", "report.json"]) {
        assert.ok(existsSync(join(lab.dir, bundle, file)) || existsSync(join(bundle, file)), bundle);
      }
    });

    it("was tried three times by one device, which is healthy on the second again; the other never tried", async () => {
      const device = first.devices.find((d) => d.name !== owner)?.name ?? "";
      const { stdout } = await lab.lab("console", device, "--log");
      const boots = [...stdout.matchAll(/edge-boot: boot_counter=(-?\d*) entry=(\d)/g)].slice(-4);
      assert.deepEqual(
        boots.map((m) => `${m[1]} ${m[2]}`),
        ["2 0", "1 0", "0 0", "-1 1"],
      );
      await lab.until("the device is healthy again", 120, async () => {
        const { devices } = await lab.status();
        const mine = devices.find((d) => d.name === device);
        return mine?.health === "green" && mine.booted?.startsWith("0.0.2 ") ? true : JSON.stringify(mine);
      });
      assert.equal(await bootId(owner), bootIds[owner]);
      const seen = await lab.device(device, "which tcpdump");
      assert.notEqual(seen.status, 0, seen.output);
    });
  });

  // Mocha runs a suite's own tests before the suites in it.
  describe("with the gate open", () => {
    let opened: Finished;
    let load: LoadResult;
    let carrier = "";

    before(async () => {
      carrier = (await lab.status()).devices.find((d) => d.vip)?.name ?? "";
      const run = await underLoad(first.appUrl, () => up((text) => text + THIRD, "up-gate-open"));
      opened = run.result;
      load = run.load;
    });

    it("is taken by every device once the gate is open, with little more than metadata to fetch", async () => {
      assert.equal(opened.status, 0, opened.output.slice(-4000));
      const after = await outputs();
      assert.deepEqual(after.releases.slice(0, 2), first.releases);
      assert.equal(after.releases[2]?.parent, first.releases[1]?.commit);
      assert.ok(after.releases[2]?.added.some((p) => p.name === "tcpdump"));
      for (const device of after.devices) {
        assert.equal(device.commit, after.releases[2]?.commit, device.name);
        const seen = await lab.device(device.name, "which tcpdump strace");
        assert.equal(seen.status, 0, seen.output);
      }
      const device = first.devices.find((d) => d.name !== owner)?.name ?? "";
      const fetched = new RegExp(`${device} fetched (\\d+) files, (\\d+) bytes`).exec(opened.output);
      assert.ok(fetched, "what was fetched is said");
      assert.ok(Number(fetched[1]) <= 10 && Number(fetched[2]) < 50_000, fetched[0]);
    });

    it("loses no request of a client that asks five times a second; the VIP's owner reboots last", () => {
      console.log(`      ${JSON.stringify({ ...load, failures: load.failures.length })}`);
      assert.ok(load.sent > 100, `${load.sent} requests`);
      assert.deepEqual(load.errors, []);
      const reboots = [...opened.output.matchAll(/(edge-device-\d)[^;]*, rebooting/g)].map((m) => m[1]);
      assert.deepEqual([...new Set(reboots)].sort(), first.devices.map((d) => d.name).sort());
      assert.equal([...new Set(reboots)].pop(), carrier);
    });

    it("stays, while the app's second version, a key, idle time and advertisements change in place", async () => {
      const before = await Promise.all(first.devices.map((d) => bootId(d.name)));
      change((text) =>
        text
          .replace("release: v1\n    idleSeconds: 15", "release: v2\n    idleSeconds: 14")
          .replace("    mode: nat\n", "    mode: nat\n    advertSeconds: 0.31\n")
          .replace("config:\n", `config:\n  edge-lab:coreUser:\n    authorizedKeys: ["${KEY}"]\n`),
      );
      const shown = await lab.npm("preview", { seconds: 120 });
      assert.equal(shown.status, 0, shown.output.slice(-4000));
      const moved = await lab.npm("up", { seconds: 1_000, log: "up-in-place" });
      assert.equal(moved.status, 0, moved.output.slice(-4000));
      assert.deepEqual(operations(moved.output), operations(shown.output));
      const answer = await lab.run("curl", ["-fsS", "-m", "60", first.appUrl]);
      assert.match(answer.stdout, /Podman auto-update is awesome!/);
      for (const [i, { name }] of first.devices.entries()) {
        const seen = await lab.device(
          name,
          "sudo cat /run/edge/keepalived.conf .ssh/authorized_keys /var/lib/edge/settings.env",
        );
        assert.match(seen.stdout, /^ *advert_int 0\.31$/m, name);
        assert.ok(seen.stdout.includes(`\n${KEY}\n`), name);
        assert.match(seen.stdout, /^EDGE_APP_IDLE_SECONDS=14$/m, name);
        assert.equal(await bootId(name), before[i], `${name} has not rebooted`);
      }
    });
  });
});
