import { LabError } from "./labError";

/** The program was told to end, or nobody waits for it any longer. */
export class Interrupted extends LabError {
  override name = "Interrupted";
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const PARENT_MS = 500;

/**
 * Rejects when this program is told to end, or when its parent is gone: a killed parent cannot send a signal. The
 * program then has seconds to end what must not continue without it, and exits.
 */
export function interruption(): Promise<never> {
  const interrupted = new Promise<never>((_, reject) => {
    const end = (why: string): void => reject(new Interrupted(why));
    for (const signal of SIGNALS) process.on(signal, () => end(`interrupted (${signal})`));
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) end("interrupted (whoever started it is gone)");
    }, PARENT_MS).unref();
    for (const stream of [process.stdout, process.stderr]) {
      stream.on("error", () => end("interrupted (nobody reads what it says)"));
    }
  });
  interrupted.catch(() => undefined); // it may reject while nobody awaits it
  return interrupted;
}
