import { canonicalJson } from "../lib/contentHash";
import type { LabContext } from "./context";

/** How a program is started on the lab's host, this one or another. */
export interface HostProgram {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
}

/** @param words a program and its arguments; a path of the project is relative to it */
export function hostProgram(ctx: Pick<LabContext, "host" | "stack">, words: readonly string[]): HostProgram {
  const { stateDir, libvirtUri, remote } = ctx.host;
  const env = { EDGE_STATE_DIR: stateDir, EDGE_LIBVIRT_URI: libvirtUri, EDGE_STACK: ctx.stack };
  const [command = "", ...args] = remote ? ["./assets/host/remote.sh", ...words] : words;
  return { command, args, env: remote ? { ...env, EDGE_REMOTE: canonicalJson(remote) } : env };
}
