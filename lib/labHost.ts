import { REMOTE_HOST } from "../protocol/paths";
import { knownHosts, parseRemote, type RemoteConnection, type RemoteHost } from "./remoteHost";

/** libvirt on the host that the program runs on. */
export const LOCAL_URI = "qemu:///system";

/** The host that a lab runs on. */
export interface LabHost {
  /** Directory for everything that the lab writes there; absolute. */
  readonly stateDir: string;
  /** libvirt URI for that host's own scripts. */
  readonly libvirtUri: string;
  /** libvirt URI for the program. */
  readonly providerUri: string;
  /** Undefined if it is this host. */
  readonly remote: RemoteConnection | undefined;
}

/** The URI for the libvirt provider: as given, with the pinned host keys. */
function providerUri(remote: RemoteHost, file: string): string {
  const { user, host, port, keyFile } = remote;
  const query = new URLSearchParams({
    knownhosts: file,
    known_hosts_verify: "normal",
    ...(keyFile ? { keyfile: keyFile, sshauth: "privkey" } : {}),
  });
  return `qemu+ssh://${user}@${host.includes(":") ? `[${host}]` : host}:${port}/system?${query.toString()}`;
}

/**
 * The host of a configuration's lab.
 * @param stateDir the state directory on this host, absolute
 */
export function labHost(
  config: { readonly libvirtUri: string; readonly hostKeys: readonly string[] },
  stack: string,
  stateDir: string,
): LabHost {
  const remote = parseRemote(config.libvirtUri);
  if (!remote) {
    return { stateDir, libvirtUri: config.libvirtUri, providerUri: config.libvirtUri, remote: undefined };
  }
  const knownHostsFile = `${stateDir}/remote/known_hosts`;
  const there = `${REMOTE_HOST.state}/${stack}`;
  return {
    stateDir: there,
    libvirtUri: LOCAL_URI,
    providerUri: providerUri(remote, knownHostsFile),
    remote: { ...remote, knownHosts: knownHosts(remote, config.hostKeys), knownHostsFile, stateDir: there },
  };
}
