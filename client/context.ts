import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { checkStateOwner, readLabInputs, type LabInputs } from "../lib/labProgram";
import { parseStoredConfig } from "../lib/stackFile";
import { requiredEnv } from "./program";

/** Input of every verb. */
export interface LabContext extends LabInputs {
  /** The project's folder. */
  readonly root: string;
  readonly cacheDir: string;
}

/**
 * Plain values that `pulumi config set` wrote for the stack; nothing outside the program needs secrets. On a remote lab
 * host, the values that the caller sent.
 * @throws ConfigError that lists every secret that is stored in clear text
 */
export function overrides(root: string, stack: string): Record<string, string> {
  const sent = process.env["EDGE_OVERRIDES"];
  if (sent !== undefined) return z.record(z.string(), z.string()).parse(JSON.parse(sent));
  const path = join(root, ".lab", "config", `Pulumi.${stack}.yaml`);
  if (!existsSync(path)) return {};
  const keys = parseStoredConfig(readFileSync(path, "utf8"), path, stack);
  return Object.fromEntries(
    Object.entries(keys).map(([key, value]) => [
      `edge-lab:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/**
 * Reads the selected stack's configuration; `npm run` has set the variables.
 * @param options.anyOwner accept a state directory of another stack; the caller then leaves it alone
 * @throws ConfigError if it belongs to another stack and anyOwner is not set
 */
export function labContext(options: { anyOwner?: boolean } = {}): LabContext {
  const root = process.cwd();
  const stack = (process.env["PULUMI_STACK"] ?? "dev").split("/").pop() ?? "dev";
  const inputs = readLabInputs(root, stack, overrides(root, stack));
  if (!options.anyOwner) checkStateOwner(inputs);
  const context = { ...inputs, root, cacheDir: requiredEnv("EDGE_LAB_CACHE") };
  if (!process.env["EDGE_IS_LAB_HOST"]) return context;
  // The caller sent this verb to the lab's host, so the lab is local here.
  const { stateDir, libvirtUri } = inputs.host;
  const host = { stateDir, libvirtUri, providerUri: libvirtUri, remote: undefined };
  return { ...context, stateDir, host, config: { ...inputs.config, libvirtUri } };
}
