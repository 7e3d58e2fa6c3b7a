import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const ROOT = resolve(__dirname, "../../..");

/** Result of a command. */
export interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** A checkout of the project with its toolchain and its own program. */
export class Checkout {
  readonly dir = mkdtempSync(join(tmpdir(), "edge-lab-checkout-"));
  /** First folder on PATH; `program` writes to it. */
  private readonly bin = mkdtempSync(join(tmpdir(), "edge-lab-bin-"));

  constructor() {
    for (const name of ["toolchain", "Pulumi.yaml", "package.json", "package-lock.json", ".npmrc"]) {
      cpSync(join(ROOT, name), join(this.dir, name), { recursive: true });
    }
    // The project's installed packages, so that setup need not install them.
    const modules = join(this.dir, "node_modules");
    mkdirSync(join(modules, ".edge-lab"), { recursive: true });
    for (const name of readdirSync(join(ROOT, "node_modules")).filter((entry) => entry !== ".edge-lab")) {
      symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
    }
    cpSync(join(ROOT, "node_modules/.edge-lab/packages"), join(modules, ".edge-lab/packages"));
    this.write("index.ts", 'export const answer: string = "42";\n');
    // The lab's own program, which the shell's `pulumi` calls, tells its words.
    this.write("cli/main.ts", "process.stderr.write(`lab ${process.argv.slice(2).join(' ')}\\n`);\n");
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** Puts a shell script first on PATH; returns its path. */
  program(name: string, script: string): string {
    const path = join(this.bin, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  }

  /** Runs a bash script in the checkout, in an environment without a stack or a Pulumi. */
  bash(script: string, values: Record<string, string> = {}): Result {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(PULUMI_|EDGE_LAB_(STA|NO))/.test(name),
    );
    // Without the entries that `npm run` and with.sh prepend.
    const path = (process.env["PATH"] ?? "").split(":").filter((entry) => !entry.includes("node_modules"));
    const env = { ...Object.fromEntries(inherited), PATH: [this.bin, ...path].join(":"), ...values };
    const { status, stdout, stderr } = spawnSync("bash", ["-euo", "pipefail", "-c", script], {
      cwd: this.dir,
      env,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  }

  /** Runs a script that must succeed; returns its stdout. */
  ok(script: string, values?: Record<string, string>): string {
    const { status, stdout, stderr } = this.bash(script, values);
    if (status !== 0) throw new Error(`${script} ended with ${status}:\n${stdout}${stderr}`);
    return stdout;
  }

  remove(): void {
    for (const dir of [this.dir, this.bin]) rmSync(dir, { recursive: true });
  }
}
