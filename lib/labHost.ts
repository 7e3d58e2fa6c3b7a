import { REMOTE_HOST } from "../protocol/paths";
import { knownHosts, parseRemote, type RemoteConnection, type RemoteHost } from "./remoteHost";

/** libvirt of the host that the program runs on. */
export const LOCAL_URI = "qemu:///system";

/** Where a lab stands. */
export interface LabHost {
  /** Everything that the lab writes there; absolute. */
  readonly stateDir: string;
  /** libvirt as that host's own scripts reach it. */
  readonly libvirtUri: string;
  /** libvirt as the program reaches it. */
  readonly providerUri: string;
  /** Undefined where it is this host. */
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
 * Where the lab of a configuration stands.
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
