import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { pino } from "pino";

import { Depot } from "../../../../depot/depot";
import { adminApp, publicApp } from "../../../../depot/server";
import type { Lab } from "../../../../protocol/lab";
import type { DeviceReport } from "../../../../protocol/report";

export const OLD = "0".repeat(64);
export const NEW = "1".repeat(64);
export const ONE = "192.0.2.11";
export const TWO = "192.0.2.12";
export const LAB: Lab = {
  ref: "debian/edge",
  upgradeGate: "open",
  devices: [
    { name: "edge-1", role: "primary", address: ONE },
    { name: "edge-2", role: "backup", address: TWO },
  ],
};

/** A healthy device's report on the old commit. */
export const report = (device: string, more: object = {}): DeviceReport => ({
  device,
  bootId: "b",
  event: "green",
  health: "green",
  booted: { commit: OLD, version: "0.0.1" },
  staged: null,
  rollback: null,
  bootCounter: null,
  vip: false,
  app: "",
  failed: [],
  problems: [],
  updatePhase: "idle",
  ...more,
});

/** A depot in a temporary folder, with the two devices of LAB; requests need no network. */
export class DepotFixture {
  readonly dir = mkdtempSync(join(tmpdir(), "depot-api-"));
  /** The depot's clock. */
  now = new Date();
  depot!: Depot;
  private web!: FastifyInstance;
  private admin!: FastifyInstance;

  async start(): Promise<void> {
    mkdirSync(join(this.dir, "access"));
    this.open();
    assert.equal((await this.put("/v1/lab", LAB)).statusCode, 200);
    this.publish(OLD);
  }

  /** Starts the server; a second call behaves like a restart after a kill, with the state on disk. */
  open(): void {
    const config = {
      repo: join(this.dir, "repo"),
      releases: join(this.dir, "releases"),
      dir: this.dir,
      run: this.dir,
      access: join(this.dir, "access"),
      countLog: join(this.dir, "depot.log"),
      staleSeconds: 600,
    };
    const log = pino({ level: "silent" });
    this.depot = new Depot(config, log, () => this.now);
    this.web = publicApp(this.depot, log);
    this.admin = adminApp(this.depot, log);
  }

  /** The admin's API on a socket, for clients that bring their own connection. */
  async listen(socketPath: string): Promise<void> {
    await this.admin.listen({ path: socketPath });
  }

  async stop(): Promise<void> {
    await Promise.all([this.web.close(), this.admin.close(), this.depot.close()]);
    rmSync(this.dir, { recursive: true });
  }

  publish(commit: string): void {
    mkdirSync(join(this.dir, "repo/refs/heads/debian"), { recursive: true });
    writeFileSync(join(this.dir, "repo/refs/heads/debian/edge"), commit);
  }

  post(
    url: string,
    from: string,
    payload: object | string,
    headers: object = {},
  ): Promise<LightMyRequestResponse> {
    return this.web.inject({
      method: "POST",
      url,
      payload,
      headers: { "content-type": "application/json", "x-edge-client": from, ...headers },
    });
  }

  report(from: string, body: object | string): Promise<LightMyRequestResponse> {
    return this.post("/v1/report", from, body);
  }

  lock(url: string, from: string, id: string, group = "default"): Promise<LightMyRequestResponse> {
    return this.post(url, from, { client_params: { id, group } }, { "fleet-lock-protocol": "true" });
  }

  put(url: string, payload: object): Promise<LightMyRequestResponse> {
    return this.admin.inject({ method: "PUT", url, payload });
  }

  admins(url: string, payload: object): Promise<LightMyRequestResponse> {
    return this.admin.inject({ method: "POST", url, payload });
  }

  /** Advances the clock. */
  wait(seconds: number): void {
    this.now = new Date(this.now.getTime() + seconds * 1000);
  }

  asAdmin(method: "GET" | "DELETE", url: string): Promise<LightMyRequestResponse> {
    return this.admin.inject({ method, url });
  }

  request(method: "GET" | "PUT" | "DELETE", url: string): Promise<LightMyRequestResponse> {
    return this.web.inject({ method, url });
  }

  async get<T>(url: string): Promise<T> {
    return (await this.request("GET", url)).json<T>();
  }
}
