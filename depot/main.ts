/**
 * The depot behind nginx: reports, reboot locks, counts and the status page. Usage: main.ts CONFIG
 */
import { pino } from "pino";

import { readConfig } from "./config";
import { Depot } from "./depot";
import { adminApp, listen, publicApp, SOCKETS } from "./server";

const POLL_MS = 500;

async function main(): Promise<void> {
  const path = process.argv[2];
  if (!path) throw new Error("usage: main.ts CONFIG");
  const config = readConfig(path);
  // A socket's path has at most 107 bytes.
  process.chdir(config.run);
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const depot = new Depot(config, log);
  const apps = [publicApp(depot, log), adminApp(depot, log)] as const;
  await listen(apps[0], SOCKETS.web, 0o660);
  await listen(apps[1], SOCKETS.admin, 0o600);
  const timer = setInterval(() => depot.poll(), POLL_MS);
  log.info(`serves ${config.repo}`);

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
