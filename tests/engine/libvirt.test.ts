import { strict as assert } from "node:assert";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { skipBecause } from "../support/skip";

import { Project, until } from "./support/project";

const LIBVIRTD = resolve(__dirname, "../../toolchain/plugins/libvirt/testdata/libvirtd.sh");

const PROGRAM = `
import { local } from "@pulumi/command";
import * as libvirt from "@pulumi/libvirt";
const dir = process.env.DIR;
const provider = new libvirt.Provider("libvirt", { uri: "qemu:///system?socket=" + dir + "/libvirt-sock" });
const daemon = new local.Command("daemon", {
  create: "echo started >>$LOG; timeout 60 sh -c 'until [ -S $DIR/libvirt-sock ]; do sleep 0.1; done'",
  environment: { DIR: dir },
});
const opts = { provider, dependsOn: daemon };
const pool = new libvirt.Pool("pool", { name: "pool", type: "dir", target: { path: dir + "/pool" } }, opts);
new libvirt.Volume("volume", { name: "volume", pool: pool.name, size: 4096 }, { provider });
new libvirt.Network("network", { name: "network", mode: "none", autostart: true }, opts);
`;

describe("libvirt provider: a daemon that comes and goes", () => {
  const dir = mkdtempSync(join(tmpdir(), "lv-"));
  const values = { DIR: dir };
  let project: Project;
  let started = false;
  let daemon: ChildProcess | undefined;

  const start = (): void => void (daemon = spawn(LIBVIRTD, [dir], { stdio: "ignore" }));
  const answers = (): boolean => virsh("version") === 0;

  function virsh(...args: string[]): number | null {
    const uri = `qemu+unix:///system?socket=${dir}/libvirt-sock`;
    return spawnSync("virsh", ["-q", "-c", uri, ...args], { stdio: "ignore" }).status;
  }

  async function stop(): Promise<void> {
    if (!daemon) return;
    const ended = once(daemon, "exit");
    daemon.kill();
    await ended;
    daemon = undefined;
  }

  async function types(): Promise<string[]> {
    const state = JSON.parse(await project.pulumi(["stack", "export"])) as {
      deployment: { resources?: { type: string }[] };
    };
    return (state.deployment.resources ?? [])
      .map(({ type }) => type)
      .filter((type) => type.startsWith("libvirt:"))
      .sort();
  }

  before(async function () {
    if (process.getuid?.() !== 0) skipBecause(this, "a libvirtd of its own needs root");
    if (spawnSync("libvirtd", ["--version"]).status !== 0) skipBecause(this, "there is no libvirtd");
    project = new Project(PROGRAM);
    started = true;
    await project.init();
  });

  after(async () => {
    try {
      if (started) await project.remove();
    } finally {
      await stop();
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it("a preview needs no daemon", async () => {
    await project.pulumi(["preview"], values);
  });

  it("an update may start the daemon itself", async () => {
    const update = project.start(["up", "--yes", "--skip-preview"], values);
    const log = project.path("log");
    await until(
      () => update.output(),
      () => existsSync(log) && readFileSync(log, "utf8").includes("started"),
    );
    start();
    const { status, output } = await update.ended;
    assert.equal(status, 0, output);
    assert.equal((await types()).length, 3);
    await project.up(values, "--expect-no-changes");
  });

  it("a refresh without the daemon keeps the state and warns", async () => {
    await stop();
    const output = await project.pulumi(["refresh", "--yes", "--skip-preview"], values);
    assert.match(output, /warning: .*libvirt cannot be reached/);
    assert.equal((await types()).length, 3);
  });

  it("a refresh forgets what is gone, also after a restart of the daemon", async () => {
    start();
    await until(() => "libvirtd answers", answers);
    virsh("net-destroy", "network");
    assert.equal(virsh("net-undefine", "network"), 0);
    rmSync(join(dir, "pool/volume"));
    await project.pulumi(["refresh", "--yes", "--skip-preview"], values);
    assert.deepEqual(await types(), ["libvirt:index/pool:Pool"]);
  });

  it("what is gone is deleted without an error", async () => {
    await project.up(values);
    assert.equal((await types()).length, 3);
    virsh("net-destroy", "network");
    assert.equal(virsh("net-undefine", "network"), 0);
    rmSync(join(dir, "pool"), { recursive: true });
    await project.pulumi(["destroy", "--yes", "--skip-preview"], values);
    assert.deepEqual(await types(), []);
  });
});
