import type { LoadResult } from "../../../scenarios/engine/clientLoad";
import { lab } from "./lab";

/** Asks a URL five times a second from inside the lab's network while `during` runs. */
export async function underLoad<T>(
  url: string,
  during: () => Promise<T>,
): Promise<{ result: T; load: LoadResult }> {
  const client = lab.start("node", ["--import", "tsx", "tests/e2e/support/loadMain.ts", url]);
  let printed = "";
  let errors = "";
  client.stdout?.on("data", (data: Buffer) => (printed += data.toString()));
  client.stderr?.on("data", (data: Buffer) => (errors += data.toString()));
  const ended = new Promise<void>((done) => client.once("close", () => done()));
  try {
    const result = await during();
    client.kill("SIGTERM");
    await ended;
    if (printed === "") throw new Error(`the client ended without a result: ${errors}`);
    return { result, load: JSON.parse(printed) as LoadResult };
  } finally {
    lab.kill(client);
  }
}
