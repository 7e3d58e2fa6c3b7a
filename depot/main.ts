/**
 * The depot behind nginx: reports, reboot locks, counts and the status page. Usage: main.ts CONFIG
 */
import { pino } from "pino";

import { readConfig } from "./config";
import { Depot } from "./depot";
import { adminApp, listen, publicApp, socketPaths } from "./server";

const POLL_MS = 500;

async function main(): Promise<void> {
  const path = process.argv[2];
  if (!path) throw new Error("usage: main.ts CONFIG");
  const config = readConfig(path);
  // Sockets and state are named relative to here: a socket's path has at most 107 bytes.
  process.chdir(config.dir);
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const depot = new Depot({ ...config, dir: "." }, log);
  const apps = [publicApp(depot, log), adminApp(depot, log)] as const;
  const sockets = socketPaths({ ...config, dir: "." });
  await listen(apps[0], sockets.web, 0o660, config.webGroup);
  await listen(apps[1], sockets.admin, 0o600);
  const timer = setInterval(() => depot.poll(), POLL_MS);
  log.info(`serves ${config.dir}`);

  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await Promise.all(apps.map((app) => app.close()));
    await depot.close();
    process.exit(0);
  };
  process.once("SIGTERM", () => void stop());
  process.once("SIGINT", () => void stop());
}

main().catch((e: unknown) => {
  console.error(e);
  process.exit(1);
});
