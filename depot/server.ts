import { chmod, rm } from "node:fs/promises";

import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from "fastify";

import type { Refusal } from "../protocol/refusal";
import { oneLine } from "../protocol/text";
import type { Depot } from "./depot";
import { adminRoutes, deviceRoutes, readRoutes, Refused } from "./routes";

/** Far more than a report with eight failures and their output; a device must not fill the memory. */
const BODY_LIMIT = 64 * 1024;

function application(log: FastifyBaseLogger): FastifyInstance {
  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
  });
  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, _request, reply) => {
    const code = error.statusCode ?? 500;
    if (code >= 500) log.error(error);
    const kind = error instanceof Refused ? error.kind : (error.code ?? "error").toLowerCase();
    return reply
      .code(code)
      .send({ kind, value: code >= 500 ? "internal error, see the depot's log" : oneLine(error.message) });
  });
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send({ kind: "not_found", value: oneLine(`${request.method} ${request.url}`) } satisfies Refusal),
  );
  return app;
}

/** The API for devices and people, behind nginx. */
export function publicApp(depot: Depot, log: FastifyBaseLogger): FastifyInstance {
  const app = application(log);
  readRoutes(app, depot);
  deviceRoutes(app, depot);
  return app;
}

/** The same to read, and what only root may change. */
export function adminApp(depot: Depot, log: FastifyBaseLogger): FastifyInstance {
  const app = application(log);
  readRoutes(app, depot);
  adminRoutes(app, depot);
  return app;
}

/** Listens on a unix socket; one that a killed server left behind is replaced. Its group is the folder's. */
export async function listen(app: FastifyInstance, path: string, mode: number): Promise<void> {
  await rm(path, { force: true });
  const before = process.umask(0o177);
  try {
    await app.listen({ path });
  } finally {
    process.umask(before);
  }
  await chmod(path, mode);
}

/** In the folder of the sockets. */
export const SOCKETS = { web: "api.sock", admin: "admin.sock" } as const;
