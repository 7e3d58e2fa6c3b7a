import { encrypt } from "unixcrypt";

import { deviceSshOptions } from "./deviceSsh";
import type { LabHost } from "./labHost";
import { sshOptions } from "./remoteHost";
import { quoted } from "./shellWord";

/** The crypt(3) hash (SHA-512) of a password; the same salt gives the same hash, so previews stay clean. */
export function hashPassword(password: string, salt: string): string {
  return encrypt(password, `$6$${salt}`);
}

/**
 * Command line that opens a shell on a device, with the lab's own key and known hosts. Both are on the lab's host; if
 * that is another host, the command connects to it first.
 */
export function sshCommand({ stateDir, remote }: LabHost, user: string, address: string): string {
  const there = ["ssh", ...deviceSshOptions(stateDir).map(quoted), `${user}@${address}`].join(" ");
  if (!remote) return there;
  return [
    "ssh",
    "-t",
    ...sshOptions(remote).map(quoted),
    quoted(remote.user === "root" ? there : `sudo ${there}`),
  ].join(" ");
}
