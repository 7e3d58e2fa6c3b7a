import { readFileSync } from "node:fs";

import { z } from "zod";

import { inState } from "../protocol/paths";
import { LabError } from "./labError";

/** containers-auth.json(5), with the one registry that takes pushes. */
const authFile = z.object({ auths: z.record(z.string(), z.object({ auth: z.string().min(1) })) });

/** How to write to the lab's registry: an address of this host alone, and the header that it asks for, which is secret. */
export interface PushAccess {
  /** `host:port`. */
  readonly address: string;
  readonly authorization: string;
}

/** @throws LabError if the lab has no such registry yet, or this user may not read the credential */
export function pushAccess(stateDir: string): PushAccess {
  const path = inState(stateDir, "registryAuth");
  const [entry] = Object.entries(authFile.parse(JSON.parse(readable(path))).auths);
  if (!entry) throw new LabError(`${path} names no registry; fix: npm run up`);
  const [address, { auth }] = entry;
  return { address, authorization: `Basic ${auth}` };
}

function readable(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (e) {
    throw new LabError(
      `${path}: ${(e as NodeJS.ErrnoException).code}: only root may push to the registry of a lab that is up; fix: npm run up, as root`,
    );
  }
}
