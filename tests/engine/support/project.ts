import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(__dirname, "../../..");

/** Result of a program. */
export interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
  /** stdout and stderr together, in order. */
  output: string;
}

/** A program started in its own process group. */
export interface Running {
  /** Also the id of the process group. */
  pid: number;
  ended: Promise<Ended>;
  /** Its output so far. */
  output(): string;
}

/** One engine event from `--event-log`; only the fields that the tests use. */
export interface EngineEvent {
  diagnosticEvent?: { message: string; severity: string; urn?: string };
  resourcePreEvent?: { metadata: { op: string; urn: string; type: string } };
}

/** A Pulumi project with a small program and a file backend in its own directory. */
export class Project {
  readonly dir = mkdtempSync(join(tmpdir(), "edge-lab-engine-"));
  private readonly env: NodeJS.ProcessEnv;
  private readonly eventLog = join(this.dir, "events.json");

  /** @param program TypeScript; `@pulumi/*` can be imported, as in the lab's own program. */
  constructor(program: string) {
    const plugins = join(ROOT, "node_modules/.edge-lab/plugins");
    const plugin = (name: string): string => `    - { name: ${name}, path: ${plugins} }`;
    this.write("Pulumi.yaml", [
      "name: engine-test",
      "main: index.ts",
      "stackConfigDir: config",
      "runtime: { name: nodejs, options: { typescript: false, nodeargs: --import tsx } }",
      "plugins:",
      "  languages:",
      plugin("nodejs"),
      "  providers:",
      ...["command", "libvirt", "random"].map(plugin),
    ]);
    this.write("package.json", ["{}"]);
    this.write("index.ts", [program]);
    symlinkSync(join(ROOT, "node_modules"), join(this.dir, "node_modules"));
    mkdirSync(join(this.dir, "backend"));
    this.env = {
      ...process.env,
      PULUMI_HOME: join(this.dir, "home"),
      PULUMI_BACKEND_URL: `file://${join(this.dir, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "engine-test",
      PULUMI_STACK: "test",
      // Without it the CLI has no --event-log.
      PULUMI_DEBUG_COMMANDS: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      LOG: this.path("log"),
    };
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  write(name: string, lines: string[]): void {
    writeFileSync(this.path(name), lines.join("\n") + "\n");
  }

  /** Returns and clears what the program's commands wrote into $LOG. */
  takeLog(): string[] {
    const path = this.path("log");
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
    rmSync(path, { force: true });
    return lines;
  }

  /** Starts `pulumi ARGS`. The program sees `values` in its environment. */
  start(args: string[], values: Record<string, string> = {}): Running {
    const child = spawn("pulumi", [...args, "--non-interactive", "--color", "never"], {
      cwd: this.dir,
      env: { ...this.env, ...values },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "";
    const take = (text: Buffer): void => void (output += text.toString());
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    const ended = new Promise<Ended>((fulfil, reject) => {
      child.once("error", reject);
      child.once("exit", (status, signal) => {
        // Another process may hold the output open after the program has ended.
        const late = setTimeout(() => fulfil({ status, signal, output }), 2_000);
        child.once("close", () => {
          clearTimeout(late);
          fulfil({ status, signal, output });
        });
      });
    });
    return { pid: child.pid ?? 0, ended, output: () => output };
  }

  /** Runs `pulumi ARGS` to its end; throws when it fails. */
  async pulumi(args: string[], values?: Record<string, string>): Promise<string> {
    const { status, output } = await this.start(args, values).ended;
    if (status !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${status}:\n${output}`);
    return output;
  }

  /** Runs `pulumi ARGS`, which must fail; returns its output. */
  async fails(args: string[], values?: Record<string, string>): Promise<string> {
    const { status, output } = await this.start(args, values).ended;
    if (status === 0) throw new Error(`pulumi ${args.join(" ")} did not fail:\n${output}`);
    return output;
  }

  /** All processes that run on behalf of this project: their environment names its log. */
  processes(): number[] {
    const mark = `LOG=${this.path("log")}\0`;
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark) && runs(pid);
        } catch {
          return false;
        }
      });
  }

  async init(): Promise<void> {
    await this.pulumi(["stack", "init", "test"]);
  }

  up(values?: Record<string, string>, ...more: string[]): Promise<string> {
    return this.pulumi([...UP, "--event-log", this.eventLog, ...more], values);
  }

  /** The events of the last `up`. */
  events(): EngineEvent[] {
    const lines = readFileSync(this.eventLog, "utf8").split("\n").filter(Boolean);
    rmSync(this.eventLog);
    return lines.map((line) => JSON.parse(line) as EngineEvent);
  }

  async remove(): Promise<void> {
    await this.pulumi(["cancel", "--yes"]); // of an operation that a failed test left
    await this.pulumi(["destroy", "--yes", "--skip-preview"]).finally(() => {
      rmSync(this.dir, { recursive: true });
    });
  }
}

/** Arguments of an update without prompt and preview. */
export const UP = ["up", "--yes", "--skip-preview"];

/** Waits until `condition` holds. */
export async function until(what: () => string, condition: () => boolean, seconds = 40): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`after ${seconds} s still not: ${what()}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

/** Whether a process runs; a zombie does not. */
export function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
}
