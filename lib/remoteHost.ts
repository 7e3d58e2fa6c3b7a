import { sshPath } from "./sshPath";

/** A lab host reached by ssh. */
export interface RemoteHost {
  readonly user: string;
  readonly host: string;
  readonly port: number;
  /** Private key to log in with; undefined: ssh's defaults and agent. */
  readonly keyFile: string | undefined;
}

/** A remote host with its pinned keys and its folder. */
export interface RemoteConnection extends RemoteHost {
  /** Contents of a known_hosts file for this host only. */
  readonly knownHosts: string;
  /** Path of that file on the local side. */
  readonly knownHostsFile: string;
  /** Folder on the remote side: the lab's state, including a copy of the program. */
  readonly stateDir: string;
}

/**
 * Parses `qemu+ssh://user@host[:port]/system[?keyfile=/path]`. Undefined for anything else: libvirt's other parameters
 * change how a host is trusted or which program reaches it, and the host scripts would ignore them.
 */
export function parseRemote(uri: string): RemoteHost | undefined {
  const match =
    /^qemu\+ssh:\/\/([a-z_][a-z0-9_.-]*)@([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?\/system(?:\?keyfile=(\/[\w@%+=:,./-]+))?$/.exec(
      uri,
    );
  if (!match) return undefined;
  const [, user = "", host = "", port = "22", keyFile] = match;
  if (Number(port) < 1 || Number(port) > 65535) return undefined;
  return { user, host: host.replace(/^\[|\]$/g, ""), port: Number(port), keyFile };
}

/**
 * The contents of a known_hosts file. It serves one connection only, so the lines name no host: they match whatever
 * name or address ssh's configuration resolves it to.
 */
export function knownHosts({ port }: Pick<RemoteHost, "port">, hostKeys: readonly string[]): string {
  const names = port === 22 ? "*" : `[*]:${port}`;
  return hostKeys
    .map((key) => `${names} ${key.split(" ").slice(0, 2).join(" ")}\n`)
    .sort()
    .join("");
}

/** ssh's options and destination for a host with pinned keys; ssh never prompts. */
export function sshOptions(remote: RemoteConnection): string[] {
  const { user, host, port, keyFile, knownHostsFile } = remote;
  const option = (text: string): string[] => ["-o", text];
  return [
    ...["-p", String(port)],
    ...(keyFile ? ["-i", keyFile, ...option("IdentitiesOnly=yes")] : []),
    ...option(`UserKnownHostsFile=${sshPath(knownHostsFile)}`),
    ...option("GlobalKnownHostsFile=/dev/null"),
    ...option("StrictHostKeyChecking=yes"),
    ...option("UpdateHostKeys=no"),
    ...option("BatchMode=yes"),
    ...option("ConnectTimeout=20"),
    ...option("ServerAliveInterval=15"),
    `${user}@${host}`,
  ];
}
