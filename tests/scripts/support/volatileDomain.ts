/**
 * volatileDomain.ts NAME SCRATCH: starts a domain on a volatile disk and prints "started". For each line of standard
 * input it cuts the power, switches the domain off, and prints "cut".
 */
import { join } from "node:path";
import { createInterface } from "node:readline";

import { x } from "tinyexec";

import { socketFolder, startOnVolatileDisk } from "../../../scenarios/engine/volatileDomain";

const [name = "", scratch = ""] = process.argv.slice(2);

async function virsh(...args: string[]): Promise<string> {
  return (await x("virsh", ["-q", "-c", "qemu:///system", ...args], { throwOnError: true })).stdout;
}

async function main(): Promise<void> {
  const place = { sockets: await socketFolder(scratch), scratch, log: join(scratch, "log") };
  const cache = await startOnVolatileDisk(virsh, name, place);
  console.log("started");
  for await (const _ of createInterface({ input: process.stdin })) {
    await cache.cut("all");
    await virsh("destroy", name);
    console.log("cut");
  }
}

main().catch((e: unknown) => {
  console.error(e);
  process.exit(1);
});
