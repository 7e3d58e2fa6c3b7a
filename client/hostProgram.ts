import { canonicalJson } from "../lib/contentHash";
import type { LabContext } from "./context";

/** How to start a program on the lab's host, local or remote. */
export interface HostProgram {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
}

/** @param words a program and its arguments; paths are relative to the project */
export function hostProgram(ctx: Pick<LabContext, "host" | "stack">, words: readonly string[]): HostProgram {
  const { stateDir, libvirtUri, remote } = ctx.host;
  const env = { EDGE_STATE_DIR: stateDir, EDGE_LIBVIRT_URI: libvirtUri, EDGE_STACK: ctx.stack };
  const [command = "", ...args] = remote ? ["./assets/host/remote.sh", ...words] : words;
  return { command, args, env: remote ? { ...env, EDGE_REMOTE: canonicalJson(remote) } : env };
}
