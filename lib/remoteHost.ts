/** A lab host that is reached by ssh. */
export interface RemoteHost {
  readonly user: string;
  readonly host: string;
  readonly port: number;
  /** Private key to log in with; without it ssh's own defaults and agent. */
  readonly keyFile: string | undefined;
}

/** A remote host with what it takes to trust it. */
export interface RemoteConnection extends RemoteHost {
  /** Lines of a list of known hosts, that of this host alone. */
  readonly knownHosts: string;
  /** File that holds them, on this side. */
  readonly knownHostsFile: string;
  /** Folder on the other side: the lab's state, and in it a copy of the program. */
  readonly stateDir: string;
}

/**
 * Takes `qemu+ssh://user@host[:port]/system[?keyfile=/path]` apart. Undefined for anything else: libvirt's other
 * parameters choose how a host is trusted, or another program to reach it, and the host scripts would not follow them.
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
 * The lines of a list of known hosts. The list is for one connection only, so they name no host: it is found under
 * whatever name or address ssh's own configuration makes of it.
 */
export function knownHosts({ port }: Pick<RemoteHost, "port">, hostKeys: readonly string[]): string {
  const names = port === 22 ? "*" : `[*]:${port}`;
  return hostKeys
    .map((key) => `${names} ${key.split(" ").slice(0, 2).join(" ")}\n`)
    .sort()
    .join("");
}

/** Options of ssh, and the destination, for a host whose keys are pinned; it never asks. */
export function sshOptions(remote: RemoteConnection): string[] {
  const { user, host, port, keyFile, knownHostsFile } = remote;
  const option = (text: string): string[] => ["-o", text];
  return [
    ...["-p", String(port)],
    ...(keyFile ? ["-i", keyFile, ...option("IdentitiesOnly=yes")] : []),
    // In ssh's own syntax: a blank would end the name, % begins a placeholder.
    ...option(`UserKnownHostsFile="${knownHostsFile.replace(/%/g, "%%").replace(/["\\]/g, "\\$&")}"`),
    ...option("GlobalKnownHostsFile=/dev/null"),
    ...option("StrictHostKeyChecking=yes"),
    ...option("UpdateHostKeys=no"),
    ...option("BatchMode=yes"),
    ...option("ConnectTimeout=20"),
    ...option("ServerAliveInterval=15"),
    `${user}@${host}`,
  ];
}
