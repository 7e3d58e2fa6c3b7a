import { existsSync } from "node:fs";

const POLL_MS = 1000;

/** Waits for the suites that tests/run.sh runs beside the first end-to-end tests. The later ones measure time. */
export async function alone(): Promise<void> {
  const busy = process.env["EDGE_LAB_TESTS_BESIDE"];
  while (busy !== undefined && existsSync(busy)) {
    await new Promise((next) => setTimeout(next, POLL_MS));
  }
}
