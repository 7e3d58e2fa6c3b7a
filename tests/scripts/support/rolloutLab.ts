import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { sleep } from "../../../client/wait";

export const REF = "debian/edge";
const NAMES = ["edge-device-1", "edge-device-2"];
const address = (name: string): string => `127.0.0.${10 + NAMES.indexOf(name)}`;

/** A running rollout program. */
export interface Running {
  readonly child: ChildProcess;
  /** Its output on standard error so far. */
  said(): string;
  /** Its exit status, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** The real depot and a real repository with two commits; the test sends the devices' reports and serves the app. */
export class RolloutLab {
  readonly stateDir = mkdtempSync(join(tmpdir(), "edge-rollout-"));
  readonly commits: Record<"old" | "new", string> = { old: "", new: "" };
  private depot: ChildProcess | undefined;
  private readonly children: ChildProcess[] = [];
  private readonly app: Server = createServer((_, response) => response.end("hello"));

  async start(): Promise<void> {
    const tree = this.path("tree");
    mkdirSync(tree);
    this.ostree("init", "--mode=archive");
    for (const name of ["old", "new"] as const) {
      writeFileSync(join(tree, "file"), name);
      this.commits[name] = this.ostree("commit", `--branch=${name}`, `--tree=dir=${tree}`, "-s", name);
    }
    this.ostree("refs", `--create=${REF}`, this.commits.old);
    this.ostree("summary", "-u");
    mkdirSync(this.path("releases"));
    this.record("old", "0.0.1");
    this.record("new", "0.0.2");
    // There is no device to reach.
    mkdirSync(this.path("bin"));
    writeFileSync(this.path("bin/ssh"), "#!/bin/sh\nexit 255\n", { mode: 0o755 });
    await new Promise<void>((resolve) => this.app.listen(0, "127.0.0.1", resolve));
    await this.startDepot();
    const devices = NAMES.map((name) => ({ name, role: "backup", address: address(name) }));
    await this.admin("PUT", "/v1/lab", { ref: REF, upgradeGate: "open", devices });
    await this.report("edge-device-1", { vip: true });
    await this.report("edge-device-2");
  }

  private record(name: "old" | "new", version: string): void {
    writeFileSync(
      this.path("releases", `${version}.json`),
      JSON.stringify({ commit: this.commits[name], version }),
    );
  }

  private async startDepot(): Promise<void> {
    mkdirSync(this.path("depot/access"), { recursive: true });
    const config = {
      repo: this.path("repo"),
      releases: this.path("releases"),
      dir: this.path("depot"),
      run: this.path("depot"),
      access: this.path("depot/access"),
      countLog: this.path("depot/count.log"),
    };
    writeFileSync(this.path("depot/config.json"), JSON.stringify(config));
    this.depot = spawn("node", ["--import", "tsx", "depot/main.ts", this.path("depot/config.json")], {
      stdio: "ignore",
    });
    await this.eventually("the depot answers", async () => {
      if (!existsSync(this.path("depot/admin.sock"))) return false;
      return this.admin("GET", "/v1/target").then(
        () => true,
        () => false,
      );
    });
  }

  path(...parts: string[]): string {
    return join(this.stateDir, ...parts);
  }

  ostree(verb: string, ...args: string[]): string {
    return execFileSync("ostree", [`--repo=${this.path("repo")}`, verb, ...args], {
      encoding: "utf8",
    }).trim();
  }

  /** The commit that the ref names in the repository and in the summary that clients read. */
  ref(): string {
    const commit = this.ostree("rev-parse", REF);
    assert.ok(
      this.ostree("summary", "--view").includes(commit),
      "the summary does not say what the ref names",
    );
    return commit;
  }

  /** Sends a device's report, healthy on the old commit except for `more`; returns its target. */
  async report(device: string, more: object = {}): Promise<string> {
    const body = {
      device,
      bootId: "b",
      event: "periodic",
      health: "green",
      booted: { commit: this.commits.old, version: "0.0.1" },
      vip: false,
      updatePhase: "idle",
      ...more,
    };
    const reply = await this.web("/v1/report", device, body);
    assert.equal(reply.status, 200, reply.text);
    return (JSON.parse(reply.text) as { target: { commit: string } }).target.commit;
  }

  /** Reports of a device that has staged the new commit, runs it, or reboots into it. */
  readonly staged = (): object => ({ staged: { commit: this.commits.new }, updatePhase: "staged" });
  readonly rebooting = (): object => ({ staged: { commit: this.commits.new }, updatePhase: "rebooting" });
  readonly runs = (): object => ({ booted: { commit: this.commits.new, version: "0.0.2" } });

  /** Asks for the reboot lock: "" if it is granted, else the kind of the refusal. */
  async lock(device: string): Promise<string> {
    const reply = await this.web("/v1/pre-reboot", device, {
      client_params: { id: device, group: "default" },
    });
    return reply.status === 200 ? "" : (JSON.parse(reply.text) as { kind: string }).kind;
  }

  private web(path: string, device: string, body: object): Promise<{ status: number; text: string }> {
    const headers = { "x-edge-client": address(device), "fleet-lock-protocol": "true" };
    return this.ask("api.sock", "POST", path, body, headers);
  }

  /** A request to the admin socket. */
  async admin<T>(method: string, path: string, body?: object): Promise<T> {
    const reply = await this.ask("admin.sock", method, path, body, {});
    assert.equal(reply.status, 200, reply.text);
    return JSON.parse(reply.text) as T;
  }

  async target(): Promise<string> {
    return (await this.admin<{ commit: string }>("GET", "/v1/target")).commit;
  }

  async state(): Promise<string> {
    return (await this.admin<{ state: string }>("GET", "/v1/rollout")).state;
  }

  private ask(
    socket: string,
    method: string,
    path: string,
    body: object | undefined,
    headers: Record<string, string>,
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const text = body && JSON.stringify(body);
      const type = text ? { "content-type": "application/json" } : {};
      const req = request(
        { socketPath: this.path("depot", socket), method, path, headers: { ...headers, ...type } },
        (response) => {
          let answer = "";
          response.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, text: answer }));
        },
      );
      req.on("error", reject);
      req.end(text);
    });
  }

  /** The environment of the project's programs. */
  env(more: Record<string, string> = {}): NodeJS.ProcessEnv {
    const { port } = this.app.address() as AddressInfo;
    return {
      ...process.env,
      PATH: `${this.path("bin")}:${process.env["PATH"] ?? ""}`,
      EDGE_STATE_DIR: this.stateDir,
      EDGE_REF: REF,
      EDGE_COMMIT: this.commits.new,
      EDGE_VERSION: "0.0.2",
      EDGE_APP_URL: `http://127.0.0.1:${port}/`,
      ...more,
    };
  }

  /** Starts the rollout program in its own process group, as the provider does. */
  rollout(more: Record<string, string> = {}, before: readonly string[] = []): Running {
    const [command, ...args] = [...before, "node", "--import", "tsx", "operations/rollout/main.ts"];
    const child = spawn(command, args, {
      detached: true,
      stdio: ["pipe", "ignore", "pipe"],
      env: this.env(more),
    });
    this.children.push(child);
    let text = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    const devices = NAMES.map((name) => ({ name, address: address(name) }));
    child.stdin.end(JSON.stringify({ devices }));
    const ended = new Promise<number | string>((resolve) =>
      child.once("close", (status, signal) => resolve(status ?? signal ?? "")),
    );
    return { child, said: () => text, ended };
  }

  /** A rollout that has moved the ref; both devices have staged the new commit. */
  async underWay(more: Record<string, string> = {}, before: readonly string[] = []): Promise<Running> {
    const running = this.rollout(more, before);
    await this.moved(running);
    for (const name of NAMES) await this.report(name, { ...this.staged(), vip: name === NAMES[0] });
    return running;
  }

  async moved(running: Running): Promise<void> {
    await this.eventually(
      "the ref is moved",
      () => Promise.resolve(this.ostree("rev-parse", REF) === this.commits.new),
      () => running.said(),
    );
    await this.eventually("it watches", () => Promise.resolve(running.said().includes("rollout of 0.0.2: ")));
  }

  async eventually(
    what: string,
    probe: () => Promise<boolean>,
    more: () => string = () => "",
  ): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      if (await probe()) return;
      await sleep(100);
    }
    assert.fail(`${what}: not after 30 s: ${more()}`);
  }

  /** The rollout noted as unfinished, if any. */
  unfinished(): string {
    return existsSync(this.path("rollout.json")) ? readFileSync(this.path("rollout.json"), "utf8") : "";
  }

  stopDepot(): void {
    this.depot?.kill("SIGKILL");
  }

  remove(): void {
    for (const { pid } of this.children) {
      try {
        if (pid !== undefined) process.kill(-pid, "SIGKILL");
      } catch {
        // it has ended
      }
    }
    this.stopDepot();
    this.app.closeAllConnections();
    this.app.close();
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}
