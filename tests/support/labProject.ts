import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { delimiter, join } from "node:path";

import { TempDir } from "./tempProject";

/** Result of a verb. */
export interface VerbRun {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A folder with the stack's files; verbs run in this process, with stand-ins for pulumi, virsh and the depot. */
export class LabProject {
  private readonly dir = new TempDir();
  readonly path = this.dir.path;
  readonly stateDir = join(this.path, ".lab");
  private readonly before = { cwd: process.cwd(), env: { ...process.env } };
  private depot: Server | undefined;
  private readonly asked: string[] = [];

  constructor() {
    this.dir.copy("Pulumi.yaml", "Pulumi.dev.yaml", "assets/blueprints", "assets/builders/debian/list-types");
    mkdirSync(join(this.path, "bin"));
    process.chdir(this.path);
    const { PATH: path = "" } = process.env;
    Object.assign(process.env, {
      EDGE_LAB_CACHE: join(this.path, "cache"),
      PULUMI_STACK: "organization/edge-lab/dev",
      PATH: `${join(this.path, "bin")}${delimiter}${path}`,
    });
    for (const name of ["pulumi", "virsh"]) this.standIn(name);
    for (const name of ["libvirtd.sh", "edge-host.sh"]) this.standIn(name, "", "assets/host");
  }

  /** Writes a program that records its call, reads its input, and continues with `body`. */
  standIn(name: string, body = "", folder = "bin"): void {
    const note = `echo "${name} $*" >>"${this.path}/calls"`;
    mkdirSync(join(this.path, folder), { recursive: true });
    writeFileSync(join(this.path, folder, name), `#!/bin/bash\n${note}\n${body}\n`, { mode: 0o755 });
  }

  /** The calls of the stand-ins, in order. */
  calls(): string[] {
    const path = join(this.path, "calls");
    return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  }

  /** Writes a file below the state directory. */
  put(path: string, text: string): void {
    mkdirSync(join(this.stateDir, path, ".."), { recursive: true });
    appendFileSync(join(this.stateDir, path), text);
  }

  /** Serves answers on the depot's admin socket; other paths are 404. */
  async serveDepot(answers: Record<string, unknown>): Promise<void> {
    mkdirSync(join(this.stateDir, "depot"), { recursive: true });
    this.depot = createServer((request, response) => {
      this.asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
      const answer = answers[request.url ?? ""];
      response.statusCode = answer === undefined ? 404 : 200;
      response.end(JSON.stringify(answer ?? "no such path"));
    });
    const server = this.depot;
    await new Promise<void>((resolve) => server.listen(join(this.stateDir, "depot/admin.sock"), resolve));
  }

  /** What the depot was asked, in order. */
  depotCalls(): string[] {
    return this.asked;
  }

  /** Runs a verb and captures its output. */
  async run(verb: () => Promise<number>): Promise<VerbRun> {
    const text = { out: "", err: "" };
    const original = {
      out: process.stdout.write.bind(process.stdout),
      err: process.stderr.write.bind(process.stderr),
    };
    const keep = (to: "out" | "err") => (chunk: Uint8Array | string) => {
      text[to] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
      return true;
    };
    process.stdout.write = keep("out");
    process.stderr.write = keep("err");
    try {
      return { status: await verb(), ...text };
    } finally {
      process.stdout.write = original.out;
      process.stderr.write = original.err;
    }
  }

  remove(): void {
    this.depot?.close();
    process.chdir(this.before.cwd);
    process.env = this.before.env;
    this.dir.remove();
  }
}
