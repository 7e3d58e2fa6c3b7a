import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { GATEWAY, needs, Sandbox, type Outcome } from "./sandbox";

export const DEPOT_ENV = { EDGE_GATEWAY: GATEWAY, EDGE_DEPOT_PORT: "8000" };
export const DEPOT_URL = `http://${GATEWAY}:8000`;
/** The host itself is the lab's device, so that it may report. */
export const DEPOT_LAB = {
  ref: "debian/trixie/x86_64/edge",
  upgradeGate: "open",
  devices: [{ name: "edge-device-1", role: "primary", address: GATEWAY }],
};

/** Skips the suite without what depot.sh needs. */
export function needsDepot(context: Mocha.Context): void {
  needs(context, "nginx", "ostree", "supervisord", "jq", "curl", "bwrap", "setpriv");
}

/** A sandbox with the content server. */
export class DepotBox extends Sandbox {
  /** Opens the state directory to all, as an older version left it, and the sandbox's own folder above it. */
  open(): void {
    for (const folder of [dirname(this.stateDir), this.stateDir]) chmodSync(folder, 0o755);
  }

  apply(lab: object = DEPOT_LAB): void {
    this.ok(["assets/host/depot.sh", "apply"], DEPOT_ENV, JSON.stringify(lab));
  }

  curl(...args: string[]): string {
    return this.ok(["curl", "-sS", "-m", "10", ...args]).stdout;
  }

  /** Status of an answer; "000" if the connection was closed without one. */
  code(...args: string[]): string {
    return this.run(["curl", "-s", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", ...args]).stdout;
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the answer's shape is the caller's word
  json<T>(path: string): T {
    return JSON.parse(this.curl(DEPOT_URL + path)) as T;
  }

  /** Puts a file into the repository. */
  put(path: string, content: string): void {
    mkdirSync(this.path("repo", path, ".."), { recursive: true });
    writeFileSync(this.path("repo", path), content);
  }

  /** Runs a command as another user of this host. */
  as(user: string, input: string, ...command: string[]): Outcome {
    const group = execFileSync("id", ["-g", user], { encoding: "utf8" }).trim();
    const setpriv = ["setpriv", `--reuid=${user}`, `--regid=${group}`, "--clear-groups"];
    return this.run([...setpriv, ...command], {}, input);
  }
}

/** A line of /proc/PID/status. */
export function processField(pid: number, name: string): string {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
}
