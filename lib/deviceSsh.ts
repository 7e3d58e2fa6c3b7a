/** ssh's options towards a device: the lab's own key, the device's pinned host key, and nothing of the caller's. */
import { inState } from "../protocol/paths";
import { sshPath } from "./sshPath";

const option = (text: string): string[] => ["-o", text];

/**
 * A caller's configuration may name other keys, forward an agent or ports to the device, share a connection, or run a
 * command; an agent may offer so many keys that the device ends the login.
 */
export function deviceSshOptions(stateDir: string): string[] {
  const key = inState(stateDir, "sshKey");
  return [
    // -i looks for the file before it replaces placeholders: it cannot name one with a %.
    ...(key.includes("%") ? option(`IdentityFile=${sshPath(key)}`) : ["-i", key]),
    ...["-F", "none"],
    ...option("IdentitiesOnly=yes"),
    ...option("IdentityAgent=none"),
    ...option(`UserKnownHostsFile=${sshPath(inState(stateDir, "knownHosts"))}`),
    ...option("StrictHostKeyChecking=yes"),
  ];
}
