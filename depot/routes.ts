import type { FastifyInstance, FastifyReply } from "fastify";
import type { ZodError } from "zod";

import { FLEET_LOCK_HEADER, LOCK_GROUP, lockRequestSchema } from "../protocol/fleetLock";
import { endingSchema, labSchema, renewalSchema, rolloutSchema } from "../protocol/lab";
import type { Refusal } from "../protocol/refusal";
import { reportSchema } from "../protocol/report";
import { oneLine } from "../protocol/text";
import type { Depot, LockClient } from "./depot";
import { metrics } from "./metrics";
import { page } from "./page";
import * as views from "./views";

type Kind = Refusal["kind"];

/** One line that names every wrong field. */
function problems(error: ZodError): string {
  return error.issues.map((i) => `${i.path.join(".") || "body"}: ${i.message}`).join("; ");
}

/** A refusal in FleetLock's form, which the other routes share. */
function refuse(reply: FastifyReply, code: number, kind: Kind, text: string): FastifyReply {
  // It may quote what was sent, and goes into the log and onto the client's journal.
  const value = oneLine(text);
  // A lock that is held is the daily course; a device that is not understood or not known is worth a line.
  if (code === 400 || code === 403) reply.log.warn({ kind, value }, "refused");
  return reply.code(code).send({ kind, value } satisfies Refusal);
}

/** What anyone in the lab may read. */
export function readRoutes(app: FastifyInstance, depot: Depot): void {
  const registry = metrics(depot);
  // What was sent a moment ago counts already.
  const counted = (): void => depot.poll();

  app.get("/v1/devices", () => views.devices(depot));
  app.get<{ Params: { name: string } }>("/v1/devices/:name", (request, reply) => {
    const device = views.devices(depot).find((d) => d.name === request.params.name);
    return device ?? refuse(reply, 404, "unknown_device", `no device is named ${request.params.name}`);
  });
  app.get("/v1/totals", { onRequest: async () => counted() }, () => views.totals(depot));
  app.get("/v1/clients", { onRequest: async () => counted() }, () => views.clients(depot));
  app.get("/v1/lock", () => views.lock(depot));
  app.get("/v1/rollout", () => views.rollout(depot));
  app.get("/v1/target", () => views.target(depot));
  app.get("/v1/status", { onRequest: async () => counted() }, () => views.status(depot));
  app.get("/metrics", { onRequest: async () => counted() }, async (_, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
  app.get("/", (_, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header(
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:",
      )
      .send(page),
  );
}

/** What devices do. Who they are is told by the address that they send from, as nginx saw it. */
export function deviceRoutes(app: FastifyInstance, depot: Depot): void {
  const client = (headers: Record<string, string | string[] | undefined>): string =>
    String(headers["x-edge-client"]);

  app.post("/v1/report", async (request, reply) => {
    const body = reportSchema.safeParse(request.body);
    if (!body.success) return refuse(reply, 400, "invalid_report", problems(body.error));
    const address = client(request.headers);
    const device = depot.lab?.devices.find((d) => d.name === body.data.device);
    if (!device)
      return refuse(reply, 403, "unknown_device", `${body.data.device} is not a device of this lab`);
    if (device.address && device.address !== address) {
      return refuse(reply, 403, "foreign_address", `${address} is not the address of ${device.name}`);
    }
    return depot.report(body.data, address);
  });

  const lockClient = (request: {
    headers: Record<string, string | string[] | undefined>;
    body: unknown;
  }): LockClient => {
    if (request.headers[FLEET_LOCK_HEADER] !== "true") {
      throw new Refused(400, "missing_protocol_header", `the header ${FLEET_LOCK_HEADER}: true is missing`);
    }
    const body = lockRequestSchema.safeParse(request.body);
    if (!body.success) throw new Refused(400, "invalid_body", problems(body.error));
    const { id, group } = body.data.client_params;
    if (group !== LOCK_GROUP) {
      throw new Refused(
        403,
        "unknown_group",
        `${group} is not a group of this lab; its devices' is ${LOCK_GROUP}`,
      );
    }
    const address = client(request.headers);
    const device = depot.deviceAt(address);
    if (!device) throw new Refused(403, "unknown_client", `${address} is not a device of this lab`);
    if (id !== device.name && depot.lab?.devices.some((d) => d.name === id)) {
      throw new Refused(403, "foreign_address", `${address} is not the address of ${id}`);
    }
    return { id, group, device: device.name };
  };
  app.post("/v1/pre-reboot", async (request, reply) => {
    const refusal = await depot.preReboot(lockClient(request));
    return refusal ? refuse(reply, 409, refusal.kind, refusal.value) : reply.send({});
  });
  app.post("/v1/steady-state", async (request, reply) => {
    await depot.steadyState(lockClient(request));
    return reply.send({});
  });
}

/** What only this host's root may do, over a socket of its own. */
export function adminRoutes(app: FastifyInstance, depot: Depot): void {
  app.get("/v1/lab", () => depot.lab ?? {});
  app.put("/v1/lab", async (request, reply) => {
    const body = labSchema.safeParse(request.body);
    if (!body.success) return refuse(reply, 400, "invalid_lab", problems(body.error));
    await depot.setLab(body.data);
    return body.data;
  });
  app.put("/v1/rollout", async (request, reply) => {
    const body = rolloutSchema.safeParse(request.body);
    if (!body.success) return refuse(reply, 400, "invalid_rollout", problems(body.error));
    const { id } = await depot.startRollout(body.data);
    return { ...body.data, id };
  });
  const gone = (reply: FastifyReply): FastifyReply =>
    refuse(reply, 409, "not_this_rollout", "that rollout has ended, or another one has begun");
  app.post("/v1/rollout/lease", async (request, reply) => {
    const body = renewalSchema.safeParse(request.body);
    if (!body.success) return refuse(reply, 400, "invalid_lease", problems(body.error));
    return depot.renewLease(body.data.id) ? views.rollout(depot) : gone(reply);
  });
  app.post("/v1/rollout/end", async (request, reply) => {
    const body = endingSchema.safeParse(request.body);
    if (!body.success) return refuse(reply, 400, "invalid_end", problems(body.error));
    return (await depot.endRollout(body.data.id, body.data.outcome)) ? views.rollout(depot) : gone(reply);
  });
  app.delete<{ Params: { commit: string } }>("/v1/halts/:commit", async (request) => {
    await depot.forgetHalt(request.params.commit);
    return views.lock(depot);
  });
  app.delete("/v1/lock", async () => {
    await depot.breakLocks();
    return views.lock(depot);
  });
}

/** An answer that is not a success, with FleetLock's fields. */
export class Refused extends Error {
  constructor(
    readonly statusCode: number,
    readonly kind: Kind,
    message: string,
  ) {
    super(message);
  }
}
