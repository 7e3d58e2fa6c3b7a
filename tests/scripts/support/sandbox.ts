import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { skipBecause } from "../../support/skip";

/** Result of a host script. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Address of a sandbox's services; it exists only in the sandbox's network namespace. */
export const GATEWAY = "10.213.250.1";

let count = 0;

/**
 * A state directory with an awkward name and a separate network namespace, so that host scripts run for real without
 * touching the host.
 */
export class Sandbox {
  readonly stateDir = join(mkdtempSync(join(tmpdir(), "edge-scripts-")), 'it\'s a "state" dir');
  readonly namespace = `edget-${process.pid}-${++count}`;

  constructor() {
    mkdirSync(this.stateDir);
    this.ip("netns", "add", this.namespace);
    this.ip("-n", this.namespace, "link", "set", "lo", "up");
    this.ip("-n", this.namespace, "addr", "add", `${GATEWAY}/24`, "dev", "lo");
  }

  /** Path in the state directory. */
  path(...parts: string[]): string {
    return join(this.stateDir, ...parts);
  }

  read(...parts: string[]): string {
    return readFileSync(this.path(...parts), "utf8");
  }

  /** Runs a command in the namespace with only the given EDGE_ variables. */
  run(command: readonly string[], env: Record<string, string> = {}, input = ""): Outcome {
    const result = spawnSync("ip", ["netns", "exec", this.namespace, ...command], {
      encoding: "utf8",
      input,
      timeout: 90_000,
      env: { ...this.env(), ...env },
    });
    return { status: result.status, stdout: result.stdout, stderr: result.stderr };
  }

  /** The same, and it must succeed. */
  ok(command: readonly string[], env: Record<string, string> = {}, input = ""): Outcome {
    const outcome = this.run(command, env, input);
    assert.equal(outcome.status, 0, `${command.join(" ")}: ${outcome.stderr}`);
    return outcome;
  }

  /** Starts a command in its own process group, and kills the group after some time, like a crash at a bad moment. */
  async killAfter(
    milliseconds: number,
    command: readonly string[],
    env: Record<string, string>,
    input = "",
  ): Promise<void> {
    const child = spawn("ip", ["netns", "exec", this.namespace, ...command], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: { ...this.env(), ...env },
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.stdin.on("error", () => undefined); // it may be dead before it reads
    child.stdin.end(input);
    const timer = setTimeout(() => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    }, milliseconds);
    await ended;
    clearTimeout(timer);
  }

  /** Running processes of the namespace, without zombies: all, or those whose command line contains a text. */
  processes(text = ""): number[] {
    return execFileSync("ip", ["netns", "pids", this.namespace], { encoding: "utf8" })
      .split("\n")
      .filter((line) => line !== "")
      .map(Number)
      .filter((pid) => isRunning(pid) && commandLine(pid).includes(text));
  }

  listeners(): string[] {
    return this.run(["ss", "-Hltn"])
      .stdout.split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split(/\s+/)[3] ?? "");
  }

  killAll(): void {
    for (const pid of this.processes()) kill(pid);
  }

  remove(): void {
    for (let tries = 0; this.processes().length > 0 && tries < 100; tries++) {
      this.killAll();
      sleepSync(50);
    }
    this.ip("netns", "del", this.namespace);
    rmSync(dirname(this.stateDir), { recursive: true, force: true });
  }

  private env(): Record<string, string> {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !name.startsWith("EDGE_") && name !== "BASH_ENV",
    );
    return { ...(Object.fromEntries(inherited) as Record<string, string>), EDGE_STATE_DIR: this.stateDir };
  }

  private ip(...args: string[]): void {
    execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
  }
}

/** Skips the suite if it cannot run: these tests create namespaces and run real daemons. */
export function needs(context: Mocha.Context, ...commands: string[]): void {
  if (process.getuid?.() !== 0) skipBecause(context, "needs root");
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin:/usr/games`.split(":");
  const missing = ["ip", ...commands].filter((c) => !path.some((dir) => existsSync(join(dir, c))));
  if (missing.length > 0) skipBecause(context, `not installed: ${missing.join(", ")}`);
}

export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** A process's command line with NULs between its words; empty if it has ended. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // gone already
  }
}

export function sleepSync(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Polls until there is a value; the error contains the last one. */
export function eventually<T>(what: string, get: () => T | undefined | false, seconds = 15): T {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = get();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`${what}: not after ${seconds} s`);
    sleepSync(50);
  }
}

/** The mounts that a container build could leave behind. */
export const mounts = (): string[] =>
  readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .filter((line) => /edge-scripts-|containers/.test(line));

/** Files that a process has open. */
export function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return "";
    }
  });
}
