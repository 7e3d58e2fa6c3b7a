import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { TempDir } from "./tempProject";

/** Exit status and output of a command. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The project in a temporary folder with its own backend, and with stand-ins for the host scripts that only record
 * their runs: the real CLI and program, but nothing changes the host.
 */
export class PulumiProject {
  private readonly dir = new TempDir();
  readonly path = this.dir.path;
  private readonly ran = join(this.path, "ran");
  private readonly env: NodeJS.ProcessEnv;

  constructor() {
    this.dir.copy("Pulumi.yaml", "Pulumi.dev.yaml", "index.ts", "package.json", "tsconfig.json");
    this.dir.copy(
      "components",
      "lib",
      "client",
      "operations",
      "protocol",
      "scenarios",
      "cli",
      "assets",
      "depot",
    );
    symlinkSync(join(process.cwd(), "node_modules"), join(this.path, "node_modules"));
    for (const name of readdirSync(join(this.path, "assets/host")).filter((n) => n.endsWith(".sh"))) {
      const script = `#!/bin/sh\necho ${name} "$@" >> '${this.ran}'\nexit 1\n`;
      writeFileSync(join(this.path, "assets/host", name), script, { mode: 0o755 });
    }
    const state = join(this.path, ".lab");
    mkdirSync(join(state, "pulumi"), { recursive: true });
    writeFileSync(join(state, "passphrase"), "of a test");
    this.env = {
      ...process.env,
      EDGE_LAB_STATE: state,
      EDGE_LAB_CACHE: join(this.path, "cache"),
      PULUMI_HOME: join(state, "pulumi-home"),
      PULUMI_BACKEND_URL: `file://${join(state, "pulumi")}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: join(state, "passphrase"),
      PULUMI_STACK: "dev",
    };
  }

  /** Runs a command in the project. */
  run(command: string, ...args: string[]): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        cwd: this.path,
        env: this.env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const text = { stdout: "", stderr: "" };
      for (const stream of ["stdout", "stderr"] as const) {
        child[stream].setEncoding("utf8").on("data", (chunk: string) => (text[stream] += chunk));
      }
      child.on("error", reject);
      child.on("close", (status) => resolve({ status, ...text }));
    });
  }

  pulumi(...args: string[]): Promise<Ended> {
    return this.run("pulumi", ...args, "--non-interactive", "--stack", "dev");
  }

  /** `npm run lab -- VERB`, without the setup before it. */
  lab(...args: string[]): Promise<Ended> {
    return this.run("node", "--import", "tsx", "cli/main.ts", ...args);
  }

  /** The host scripts that ran, with their arguments. */
  scriptsRun(): string[] {
    return existsSync(this.ran) ? readFileSync(this.ran, "utf8").trim().split("\n") : [];
  }

  remove(): void {
    this.dir.remove();
  }
}
