import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { x } from "tinyexec";

import { TestNetwork } from "./netns";

/** Result of a finished command. */
export interface Finished {
  readonly status: number;
  readonly stdout: string;
  /** Standard output and standard error in the order they came. */
  readonly output: string;
  readonly seconds: number;
}

/** The part of `lab status --json` that tests use. */
export interface LabStatus {
  readonly devices: { name: string; health: string; vip: boolean; booted: string | null }[];
}

/** What a lab could leave behind on the host, one list per kind. */
export type Listing = Record<string, string[]>;

/** The committed configuration of the stack that the tests use. */
export const STACK_FILE = "Pulumi.dev.yaml";
const PROJECT = resolve(__dirname, "../../..");
/** Variables through which the surrounding `npm run` would leak this checkout's environment into the clone. */
const FOREIGN = /^(npm_|PULUMI_|EDGE_LAB_STATE|EDGE_LAB_STACK|NODE_OPTIONS|INIT_CWD)/;

/** One lab in a fresh clone of this project and its own network, shared by all end-to-end suites. */
export class TestLab {
  readonly network = new TestNetwork();
  readonly work = mkdtempSync(join(tmpdir(), "edge-lab-e2e-"));
  readonly dir = join(this.work, "clone");
  private environment: Record<string, string> = {};

  async prepare(): Promise<void> {
    await this.network.up();
    const clone = await x("git", ["clone", "-q", PROJECT, this.dir], { throwOnError: false });
    if (clone.exitCode !== 0) throw new Error(`git clone: ${clone.stderr}`);
    // In this environment the app goes back to zero sooner than by default. The change is committed because the
    // work tree must stay clean from here on.
    const file = join(this.dir, STACK_FILE);
    const app = "  edge-lab:app:\n    release: v1\n    idleSeconds: 15\n";
    writeFileSync(file, readFileSync(file, "utf8").replace("config:\n", `config:\n${app}`));
    const identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
    const commit = await x(
      "git",
      ["-C", this.dir, ...identity, "commit", "-qm", "Environment of the test", STACK_FILE],
      { throwOnError: false },
    );
    if (commit.exitCode !== 0) throw new Error(`git commit: ${commit.stderr}`);
  }

  async dispose(): Promise<void> {
    await this.network.down();
    rmSync(this.work, { recursive: true, force: true });
  }

  /** Starts a command inside the lab's network, in its own process group. Its output also goes to a file. */
  start(command: string, args: string[], env: Record<string, string> = {}): ChildProcess {
    const [first, ...rest] = [...this.network.prefix, command, ...args];
    const own = Object.fromEntries(
      Object.entries(process.env).filter(([k, v]) => v !== undefined && !FOREIGN.test(k)),
    );
    return spawn(first ?? command, rest, {
      cwd: this.dir,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...own, ...this.environment, ...env },
    });
  }

  run(command: string, args: string[], options: { seconds?: number; log?: string } = {}): Promise<Finished> {
    const begun = Date.now();
    const child = this.start(command, args);
    const log = options.log ? createWriteStream(join(this.work, `${options.log}.log`)) : undefined;
    let stdout = "";
    let output = "";
    child.stdout?.on("data", (d: Buffer) => {
      stdout += d.toString();
      output += d.toString();
      log?.write(d);
    });
    child.stderr?.on("data", (d: Buffer) => {
      output += d.toString();
      log?.write(d);
    });
    return new Promise((done, reject) => {
      const limit = setTimeout(() => this.kill(child), (options.seconds ?? 120) * 1000);
      child.on("error", reject);
      child.on("close", (code) => {
        clearTimeout(limit);
        log?.end();
        done({ status: code ?? 137, stdout, output, seconds: (Date.now() - begun) / 1000 });
      });
    });
  }

  /** Ends a whole process group at once, as a closed laptop or an impatient user does. */
  kill(child: ChildProcess): void {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  }

  npm(script: string, options: { seconds?: number; log?: string; args?: string[] } = {}): Promise<Finished> {
    const more = options.args ? ["--", ...options.args] : [];
    return this.run("npm", ["run", "-s", script, ...more], options);
  }

  /** `npm run -s lab -- VERB...` */
  lab(...words: string[]): Promise<Finished> {
    return this.npm("lab", { args: words, seconds: 180 });
  }

  /** `npm run -s lab -- status --json` */
  async status(): Promise<LabStatus> {
    const result = await this.lab("status", "--json");
    if (result.status !== 0) throw new Error(result.output);
    return JSON.parse(result.stdout) as LabStatus;
  }

  /** Runs a command line on a device. */
  device(name: string, commandLine: string): Promise<Finished> {
    return this.lab("ssh", name, "--", commandLine);
  }

  /** Adopts the output of `npm run -s env`, so that plain pulumi works. */
  async useEnvironment(): Promise<void> {
    const printed = await this.run("bash", ["-c", 'eval "$(npm run -s env)" && env -0'], { seconds: 900 });
    if (printed.status !== 0) throw new Error(`npm run -s env: ${printed.output}`);
    this.environment = Object.fromEntries(
      printed.stdout.split("\0").flatMap((line) => {
        const at = line.indexOf("=");
        return at > 0 && /^(PULUMI_|EDGE_LAB_|PATH$)/.test(line.slice(0, at))
          ? [[line.slice(0, at), line.slice(at + 1)]]
          : [];
      }),
    );
  }

  async outputs(): Promise<Record<string, unknown>> {
    const result = await this.run("pulumi", ["stack", "output", "--json"]);
    if (result.status !== 0) throw new Error(result.output);
    return JSON.parse(result.stdout) as Record<string, unknown>;
  }

  async virsh(...args: string[]): Promise<Finished> {
    return this.run("virsh", ["-q", "-c", "qemu:///system", ...args]);
  }

  /** Domains, networks, pools, links, firewall, listeners, users, mounts and the lab's kinds of processes. */
  async listing(): Promise<Listing> {
    const lines = async (command: string): Promise<string[]> =>
      (await this.run("bash", ["-c", command])).stdout.split("\n").filter(Boolean).sort();
    const libvirt = "virsh -q -c qemu:///system";
    return {
      domains: await lines(`${libvirt} list --all --name 2>/dev/null`),
      networks: await lines(`${libvirt} net-list --all --name 2>/dev/null`),
      pools: await lines(`${libvirt} pool-list --all --name 2>/dev/null`),
      links: await lines("ip -o link | awk '{print $2}'"),
      addresses: await lines("ip -o -4 addr | awk '{print $2, $4}'"),
      rules: await lines("nft list ruleset | sed 's/packets [0-9]* bytes [0-9]*//'"),
      listeners: await lines("ss -Hltn | awk '{print $4}'"),
      users: await lines("getent passwd | cut -d: -f1; getent group | cut -d: -f1"),
      // Only the lab's, its cache's and its container storage's: the host may mount something else meanwhile.
      mounts: await lines("findmnt -rno TARGET | grep -E 'edge-lab|libvirt|containers|buildah'"),
      processes: await lines(
        `ps -o comm= -p "$(${this.network.processes} | paste -sd,)" | grep -E '^(libvirtd|virtlogd|dnsmasq|qemu-system|nginx|registry|bwrap|supervisord|pulumi)'`,
      ),
    };
  }

  /** Waits until a condition holds; fails with what it saw last. */
  async until(what: string, seconds: number, probe: () => Promise<string | true>): Promise<number> {
    const begun = Date.now();
    for (;;) {
      const seen = await probe();
      const passed = (Date.now() - begun) / 1000;
      if (seen === true) return passed;
      if (passed > seconds) throw new Error(`${what}: not within ${seconds} s; last: ${seen}`);
      await new Promise((next) => setTimeout(next, 500));
    }
  }

  read(path: string): string {
    return readFileSync(join(this.dir, path), "utf8");
  }
}

/** The host's state before the tests. */
export const start: { listing?: Listing } = {};

/** The shared lab; the first suite prepares it, the last one removes it. */
export const lab = new TestLab();
