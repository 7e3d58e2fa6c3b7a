import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

import { lab, type Finished } from "./support/lab";
import { operations } from "./support/operations";

/** A process's command line and working directory; empty if it has ended. */
function look(pid: string): { command: string; folder: string } {
  try {
    return {
      command: readFileSync(`/proc/${pid}/cmdline`, "latin1").replace(/\0/g, " "),
      folder: readlinkSync(`/proc/${pid}/cwd`),
    };
  } catch {
    return { command: "", folder: "" };
  }
}

/** Kills the lab's services with their supervisor, but not devices or libvirt's daemons. */
function killServices(): number {
  const state = join(lab.dir, ".lab");
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const { command, folder } = look(pid);
      if (command === "" || /qemu|libvirt|virtlog|dnsmasq/.test(command)) return false;
      return (
        folder.startsWith(state) ||
        command.includes(`${state}/registry`) ||
        command.includes(`${state}/depot`)
      );
    });
  for (const pid of found) process.kill(Number(pid), "SIGKILL");
  return found.length;
}

describe("a lab that is no longer what the stack says", function () {
  this.timeout(600_000);
  const preview = (): Promise<Finished> =>
    lab.npm("preview", { args: ["--expect-no-changes"], seconds: 120 });
  const up = (log: string): Promise<Finished> => lab.npm("up", { seconds: 500, log });
  const unchanged = async (): Promise<void> => {
    const again = await preview();
    assert.equal(again.status, 0, again.output.slice(-3000));
  };

  it("whose services are dead: preview shows what was found, up mends it, nothing is left to do", async () => {
    assert.ok(killServices() >= 4);
    const shown = await preview();
    assert.notEqual(shown.status, 0);
    for (const name of ["registry-service", "depot-service"])
      assert.match(shown.output, new RegExp(`~ .*${name}`));
    const mended = await up("drift-services");
    assert.equal(mended.status, 0, mended.output.slice(-4000));
    assert.deepEqual(operations(mended.output), operations(shown.output));
    console.log(`      services mended in ${mended.seconds.toFixed(0)} s`);
    await unchanged();
  });

  it("whose device is off and whose lease is gone: one up mends all of it", async () => {
    const { devices } = await lab.status();
    const backup = devices.find((d) => !d.vip)?.name ?? "";
    assert.equal((await lab.virsh("destroy", backup)).status, 0);
    const lease =
      /<host mac=.*edge-device-1.*\/>/.exec((await lab.virsh("net-dumpxml", "edge-lab")).stdout)?.[0] ?? "";
    const removed = await lab.virsh(
      "net-update",
      "edge-lab",
      "delete",
      "ip-dhcp-host",
      lease,
      "--live",
      "--config",
    );
    assert.equal(removed.status, 0, removed.output);
    const shown = await preview();
    assert.notEqual(shown.status, 0);
    assert.match(shown.output, new RegExp(`~ .*${backup}-ready`));
    assert.match(shown.output, /~ .*edge-device-1-enrolment/);
    const mended = await up("drift-device");
    assert.equal(mended.status, 0, mended.output.slice(-4000));
    assert.deepEqual(operations(mended.output), operations(shown.output));
    console.log(`      device and lease mended in ${mended.seconds.toFixed(0)} s`);
    assert.equal((await lab.device(backup, "true")).status, 0);
    assert.match((await lab.virsh("net-dumpxml", "edge-lab")).stdout, /edge-device-1/);
    await unchanged();
  });
});
