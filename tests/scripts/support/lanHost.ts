import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { testCache } from "../../support/cache";
import { OWN_NAMESPACES } from "./namespaces";

const UNPACKED = testCache("unpacked");
const ROOT = process.cwd();

/** Result of a command. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A host with a real NetworkManager and a LAN with a router, in separate namespaces; see lan-host.sh. */
export class LanHost {
  private readonly world: ChildProcess;
  private pid = "";

  private constructor() {
    const script = join(ROOT, "tests/scripts/support/lan-host.sh");
    this.world = spawn("unshare", [...OWN_NAMESPACES, "bash", script, UNPACKED], {
      stdio: ["ignore", "pipe", "inherit"],
      env: this.environment({}),
    });
  }

  static async start(): Promise<LanHost> {
    const host = new LanHost();
    await new Promise<void>((resolve, reject) => {
      host.world.stdout?.once("data", () => resolve());
      host.world.once("exit", (code) => reject(new Error(`the LAN did not start: status ${code}`)));
    });
    host.pid = readFileSync(`/proc/${host.world.pid}/task/${host.world.pid}/children`, "utf8").trim();
    return host;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.world.once("exit", resolve));
    this.world.kill("SIGKILL");
    await ended;
  }

  private environment(env: Record<string, string>): NodeJS.ProcessEnv {
    return {
      PATH: `${UNPACKED}/usr/bin:${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
      LD_LIBRARY_PATH: `${UNPACKED}/usr/lib/x86_64-linux-gnu`,
      EDGE_STATE_DIR: "/run/lab",
      EDGE_BRIDGE: "edgelan0",
      EDGE_UPLINK: "eth0",
      EDGE_CIDR: "10.99.0.0/24",
      EDGE_REACHABLE_SECONDS: "6",
      ...env,
    };
  }

  /** Command and arguments that enter the host. */
  private inside(command: readonly string[]): string[] {
    return ["-t", this.pid, "-n", "-m", "-p", "--", ...command];
  }

  run(command: readonly string[], env: Record<string, string> = {}): Outcome {
    const { status, stdout, stderr } = spawnSync("nsenter", this.inside(command), {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: this.environment(env),
    });
    return { status, stdout, stderr };
  }

  /** PATH with the stand-ins first. */
  get path(): string {
    return `/run/bin:${this.environment({})["PATH"] ?? ""}`;
  }

  /** Puts a program before the host's own, for users of {@link path}. */
  standIn(name: string, body: string): void {
    this.sh(
      'mkdir -p /run/bin; printf "#!/bin/bash\\n%s\\n" "$BODY" >"/run/bin/$NAME"; chmod +x "/run/bin/$NAME"',
      {
        NAME: name,
        BODY: body,
      },
    );
  }

  /** Runs a verb of bridge.sh. */
  bridge(verb: string, env: Record<string, string> = {}): Outcome {
    return this.run([join(ROOT, "assets/host/bridge.sh"), verb], env);
  }

  /** Runs bash on the host and returns its output. Throws if it fails. */
  sh(text: string, env: Record<string, string> = {}): string {
    const { status, stdout, stderr } = this.run(["bash", "-euo", "pipefail", "-c", text], env);
    if (status !== 0) throw new Error(`${text}: status ${status}: ${stderr}`);
    return stdout.trim();
  }

  /** Starts a verb of bridge.sh that runs while the test continues. */
  beginBridge(verb: string, env: Record<string, string> = {}): ChildProcess {
    return spawn("nsenter", this.inside([join(ROOT, "assets/host/bridge.sh"), verb]), {
      stdio: ["ignore", "ignore", "pipe"],
      env: this.environment(env),
    });
  }

  /** Waits until a bash command on the host succeeds. */
  async until(text: string, seconds = 20): Promise<void> {
    const end = Date.now() + seconds * 1000;
    while (this.run(["bash", "-c", text]).status !== 0) {
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** The network's state in NetworkManager and the kernel, for comparison. */
  network(): string {
    // Interface numbers and remaining lease seconds differ each time.
    return this.sh(`ip -o -4 addr | sed -E 's/^[0-9]+: //; s/valid_lft.*//'
      ip -4 route
      cat /sys/class/net/eth0/address
      nmcli -t -f NAME,UUID,DEVICE connection | sort
      find /run/nm/profiles /run/NetworkManager/system-connections -type f | sort
      [[ ! -e /run/lab ]] || find /run/lab -type f`);
  }
}
