import { encrypt } from "unixcrypt";

/** The crypt(3) hash (SHA-512) of a password; the same salt gives the same hash, so previews stay clean. */
export function hashPassword(password: string, salt: string): string {
  return encrypt(password, `$6$${salt}`);
}

/** Command line that opens a shell on a device, with the lab's own key and its own list of known hosts. */
export function sshCommand(stateDir: string, user: string, address: string): string {
  const quoted = (text: string): string =>
    /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;
  return [
    "ssh",
    "-i",
    quoted(`${stateDir}/ssh/id_ed25519`),
    "-o",
    quoted(`UserKnownHostsFile=${stateDir}/ssh/known_hosts`),
    "-o",
    "StrictHostKeyChecking=accept-new",
    `${user}@${address}`,
  ].join(" ");
}
