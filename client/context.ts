import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { checkStateOwner, readLabInputs, type LabInputs } from "../lib/labProgram";
import { parseStackFile } from "../lib/stackFile";
import { requiredEnv } from "./program";

/** What every verb works with. */
export interface LabContext extends LabInputs {
  /** The project's folder. */
  readonly root: string;
  readonly cacheDir: string;
}

/**
 * Plain values that `pulumi config set` has written for the stack; secrets are not needed outside the program. On a
 * host that is not the caller's, those are that the caller sent.
 */
export function overrides(root: string, stack: string): Record<string, string> {
  const sent = process.env["EDGE_OVERRIDES"];
  if (sent !== undefined) return z.record(z.string(), z.string()).parse(JSON.parse(sent));
  const path = join(root, ".lab", "config", `Pulumi.${stack}.yaml`);
  if (!existsSync(path)) return {};
  const keys = parseStackFile(readFileSync(path, "utf8"), path, "plain");
  return Object.fromEntries(
    Object.entries(keys).map(([key, value]) => [
      `edge-lab:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/**
 * Reads the chosen stack's configuration; `npm run` has set the variables.
 * @param options.anyOwner also where the state directory is another stack's; whoever asks leaves it alone then
 * @throws ConfigError where it is
 */
export function labContext(options: { anyOwner?: boolean } = {}): LabContext {
  const root = process.cwd();
  const stack = (process.env["PULUMI_STACK"] ?? "dev").split("/").pop() ?? "dev";
  const inputs = readLabInputs(root, stack, overrides(root, stack));
  if (!options.anyOwner) checkStateOwner(inputs);
  const context = { ...inputs, root, cacheDir: requiredEnv("EDGE_LAB_CACHE") };
  if (!process.env["EDGE_IS_LAB_HOST"]) return context;
  // A verb that was sent to the lab's host, which is then this one.
  const { stateDir, libvirtUri } = inputs.host;
  const host = { stateDir, libvirtUri, providerUri: libvirtUri, remote: undefined };
  return { ...context, stateDir, host, config: { ...inputs.config, libvirtUri } };
}
