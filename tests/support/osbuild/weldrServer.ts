import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { parse } from "smol-toml";

import { blueprintReference } from "./blueprintReference";

/**
 * What osbuild-composer does with a compose after its start: the states that `info` returns, one per request, the last
 * one repeatedly; then the tar, or the log of the failure.
 */
export interface Outcome {
  readonly states: readonly ("WAITING" | "RUNNING" | "FINISHED" | "FAILED")[];
  /** Path of the image's tar. */
  readonly image?: string;
  readonly log?: string;
}

/** A received request, for assertions. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

interface Compose {
  readonly outcome: Outcome;
  asked: number;
  cancelled: boolean;
}

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly id: string,
    message: string,
  ) {
    super(message);
  }
}

interface BlueprintText {
  name: string;
  version: string;
  packages?: { name: string; version: string }[];
}

const refuse = (id: string, message: string, status = 400): never => {
  throw new Refusal(status, id, message);
};

/**
 * The part of osbuild-composer's weldr API that the lab calls, on a unix socket: routes, replies and refusals are those
 * of osbuild/osbuild-composer internal/weldr/api.go. It is equally strict: it refuses a wrong method, content type or
 * state of a compose.
 */
export class WeldrServer {
  readonly calls: Call[] = [];
  readonly blueprints = new Map<string, BlueprintText>();
  readonly sources = new Map<string, Record<string, unknown>>();
  types = ["ami", "edge-commit", "edge-container", "edge-installer", "qcow2"];
  /** Packages that no repository has. */
  missingPackages: string[] = [];
  /** Number of requests for which the guest package is still unknown, because of a stale package list. */
  staleLists = 0;
  /** Outcome of the next compose. */
  next: Outcome = { states: ["FINISHED"] };
  /** Number of requests for a compose's state to answer by closing the connection, like a restarting daemon. */
  dropInfo = 0;
  private readonly composes = new Map<string, Compose>();
  private readonly server: Server;

  constructor(readonly socket: string) {
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.socket, resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  /** Composes that the image builder still keeps. */
  kept(): string[] {
    return [...this.composes.keys()];
  }

  /** Bodies of the requests to start a compose. */
  started(): Record<string, unknown>[] {
    return this.calls
      .filter((c) => c.method === "POST" && c.path === "/compose")
      .map((c) => c.body as Record<string, unknown>);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url ?? "", "http://localhost");
    const path = url.pathname.replace(/^\/api\/v1(?=\/)/, "");
    const method = request.method ?? "";
    try {
      if (path !== "/api/status" && !url.pathname.startsWith("/api/v1/")) {
        refuse("HTTPError", "Not Found", 404);
      }
      const body = this.body(text, request.headers["content-type"]);
      this.calls.push({ method, path, body });
      const reply = this.route(method, path, body, request);
      if (reply === undefined) return void request.socket.destroy();
      if (Buffer.isBuffer(reply)) {
        response.setHeader("content-disposition", `attachment; filename=${path.split("/").pop()}-commit.tar`);
        response.setHeader("content-type", "application/x-tar");
        return void response.end(reply);
      }
      response.end(typeof reply === "string" ? reply : `${JSON.stringify(reply)}\n`);
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      response.statusCode = e.status;
      response.end(`${JSON.stringify({ status: false, errors: [{ id: e.id, msg: e.message }] })}\n`);
    }
  }

  private body(text: string, type: string | undefined): unknown {
    if (text === "") return undefined;
    if (type === "application/json") return JSON.parse(text);
    if (type !== "text/x-toml") return refuse("BlueprintsError", "blueprint must be in json or toml format");
    try {
      return parse(text);
    } catch (e) {
      const why = e instanceof Error ? e.message : "";
      return refuse(
        "BlueprintsError",
        `400 Bad Request: The browser (or proxy) sent a request that this server could not understand: ${why}`,
      );
    }
  }

  private route(method: string, path: string, body: unknown, request: IncomingMessage): unknown {
    const [, area, verb, name = ""] = path.split("/");
    switch (`${method} /${area}/${verb ?? ""}`) {
      case "GET /api/status":
        return {
          api: "1",
          db_supported: true,
          db_version: "0",
          schema_version: "0",
          backend: "osbuild-composer",
        };
      case "POST /blueprints/new":
        return this.push(body as BlueprintText);
      case "DELETE /blueprints/delete":
        if (!this.blueprints.delete(name)) refuse("BlueprintsError", `Unknown blueprint: ${name}`);
        return { status: true };
      case "GET /blueprints/depsolve":
        return this.depsolve(name);
      case "POST /projects/source":
        return this.source(body as Record<string, unknown>);
      case "DELETE /projects/source":
        this.sources.delete(path.split("/")[4] ?? "");
        return { status: true };
      case "GET /compose/types":
        return { types: this.types.map((type) => ({ name: type, enabled: true })) };
      case "POST /compose/":
        return this.compose(body as Record<string, unknown>, request);
      default:
        return area === "compose"
          ? this.ofCompose(method, verb ?? "", name)
          : refuse("HTTPError", "Not Found", 404);
    }
  }

  private push(blueprint: BlueprintText): unknown {
    const { error } = blueprintReference.safeParse(blueprint);
    if (error)
      refuse("BlueprintsError", error.issues.map((i) => `${i.path.join(".")} ${i.message}`).join("; "));
    const before = this.blueprints.get(blueprint.name);
    if (before?.version === blueprint.version) {
      // Like the real one: pushing the same version again increments it.
      blueprint.version = blueprint.version.replace(/\d+$/, (z) => String(Number(z) + 1));
    }
    this.blueprints.set(blueprint.name, blueprint);
    return { status: true };
  }

  private depsolve(name: string): unknown {
    const blueprint = this.blueprints.get(name);
    if (!blueprint) {
      return { blueprints: [], errors: [{ id: "UnknownBlueprint", msg: `${name}: blueprint not found` }] };
    }
    const wanted = (blueprint.packages ?? []).map((p) => p.name);
    const stale = this.staleLists > 0 && this.staleLists-- > 0 ? ["edge-lab-guest"] : [];
    const missing = wanted.filter((p) => [...this.missingPackages, ...stale].includes(p));
    const errors = missing.map((p) => ({
      id: "BlueprintsError",
      msg:
        `${name}: running osbuild-depsolve-dnf failed:\nDNF error occurred: MarkingErrors: Error occurred when ` +
        `marking packages for installation: Problems in request:\nmissing packages: ${p}`,
    }));
    const dependencies =
      missing.length > 0
        ? []
        : ["bash", "kernel", ...wanted].map((p) => ({
            name: p,
            epoch: 0,
            version: "1",
            release: "1.el9",
            arch: "x86_64",
          }));
    return { blueprints: [{ blueprint, dependencies }], errors };
  }

  private source(source: Record<string, unknown>): unknown {
    if (!["yum-baseurl", "yum-mirrorlist", "yum-metalink"].includes(String(source["type"]))) {
      refuse("ProjectsError", `Problem parsing POST body: 'type' field must be one of yum-baseurl, ...`);
    }
    this.sources.set(String(source["id"]), source);
    return { status: true };
  }

  private compose(body: Record<string, unknown>, request: IncomingMessage): unknown {
    if (request.headers["content-type"] !== "application/json")
      refuse("MissingPost", "blueprint must be json");
    const blueprint = String(body["blueprint_name"]);
    if (!this.blueprints.has(blueprint)) refuse("UnknownBlueprint", `Unknown blueprint name: ${blueprint}`);
    const type = String(body["compose_type"]);
    if (!this.types.includes(type)) {
      refuse("ComposeError", `Failed to get compose type "${type}": invalid image type: ${type}`);
    }
    const { parent, url } = body["ostree"] as Record<string, string>;
    if (parent && !url) {
      refuse(
        "ManifestCreationFailed",
        "failed to initialize osbuild manifest: ostree parent ref specified, but no URL to retrieve it",
      );
    }
    const id = randomUUID();
    this.composes.set(id, { outcome: this.next, asked: 0, cancelled: false });
    return { build_id: id, status: true, warnings: [] };
  }

  private ofCompose(method: string, verb: string, id: string): unknown {
    const compose = this.composes.get(id);
    if (!compose) return this.unknown(method, verb, id);
    const { states, image, log } = compose.outcome;
    const state = compose.cancelled
      ? "FAILED"
      : (states[Math.min(compose.asked, states.length - 1)] ?? "WAITING");
    const ended = state === "FINISHED" || state === "FAILED";
    switch (`${method} ${verb}`) {
      case "GET info":
        if (this.dropInfo > 0) {
          this.dropInfo--;
          return undefined;
        }
        compose.asked++;
        return {
          id,
          config: "",
          commit: "",
          deps: { packages: [] },
          compose_type: "edge-commit",
          queue_status: state,
          image_size: 0,
        };
      case "GET image":
        if (state !== "FINISHED") refuse("BuildInWrongState", `Build ${id} is in wrong state: ${state}`);
        return readFileSync(image ?? "");
      case "GET log":
        return ended ? (log ?? "") : `Build ${id} is still running.\n`;
      case "DELETE delete":
        if (!ended) {
          return {
            uuids: [],
            errors: [{ id: "BuildInWrongState", msg: `Compose ${id} is not in FINISHED or FAILED.` }],
          };
        }
        this.composes.delete(id);
        return { uuids: [{ uuid: id, status: true }], errors: [] };
      case "DELETE cancel":
        if (ended) refuse("BuildInWrongState", `Build ${id} is not in WAITING or RUNNING.`);
        compose.cancelled = true;
        return { uuid: id, status: true };
      default:
        return refuse("HTTPError", "Not Found", 404);
    }
  }

  private unknown(method: string, verb: string, id: string): unknown {
    if (`${method} ${verb}` === "DELETE delete") {
      return { uuids: [], errors: [{ id: "UnknownUUID", msg: `compose ${id} doesn't exist` }] };
    }
    return refuse(
      "UnknownUUID",
      verb === "info" ? `${id} is not a valid build uuid` : `Compose ${id} doesn't exist`,
    );
  }
}
