/**
 * Paths that more than one program writes. tests/unit/protocol/facts.test.ts holds every other place to what stands here.
 */

/** Below the state directory of the lab's host. */
export const STATE = {
  /** There once the host is prepared: the lab is up, or has begun to be. */
  applied: "host/applied",
  /** Names the stack that the state directory belongs to. */
  owner: "owner",
  /** The depot's socket for this host's root. */
  adminSocket: "depot/admin.sock",
  /** The rollout under way, for the next run if its program is killed. */
  rollout: "rollout.json",
  registryConfig: "registry/config.json",
  /** The credential for pushing to the registry, as container tools read it. */
  registryAuth: "registry/push/auth.json",
  /** The OSTree repository that the depot serves. */
  repo: "repo",
  /** A record (JSON) for each composed release. */
  releases: "releases",
  /** Consoles of the devices, kept from power-on. */
  console: "console",
  /** The devices' disks, a storage pool of libvirt. */
  pool: "pool",
  /** Boot ISOs, one per role. */
  iso: "iso",
  /** The backends' scratch space. */
  build: "build",
  log: "log",
  sshKey: "ssh/id_ed25519",
  knownHosts: "ssh/known_hosts",
} as const;

/** A path of {@link STATE} in a state directory. */
export function inState(stateDir: string, what: keyof typeof STATE): string {
  return `${stateDir}/${STATE[what]}`;
}

/** Console log of a device: libvirt writes it, the lab reads it. */
export function consoleLog(stateDir: string, device: string): string {
  return `${inState(stateDir, "console")}/${device}.log`;
}

/** Its time is when the console of a device was made ready: what is older is about another machine. */
export function enrolledMark(stateDir: string, device: string): string {
  return `${inState(stateDir, "console")}/${device}.enrolled`;
}

/** Boot ISO of a role. */
export function isoPath(stateDir: string, role: string): string {
  return `${inState(stateDir, "iso")}/edge-${role}.iso`;
}

/** On a device. */
export const DEVICE = {
  /** What the device is; the image's own settings come from elsewhere. */
  etc: "/etc/edge",
  /** Written by the installer, read by every script and unit of the device. */
  settings: "/etc/edge/device.env",
  /** Settings that have changed since the installation; they win. */
  changedSettings: "/var/lib/edge/settings.env",
  /** Programs of the device; each is a file below assets/guest or the osbuild backend's own part of it. */
  programs: "/usr/libexec/edge",
  /** What outlives a boot. */
  state: "/var/lib/edge",
  /** Below the operator's home: which image of the app is there, and which was refused. */
  appState: ".local/state/edge",
} as const;

/** A program of the device, by its name. */
export function deviceProgram(name: string): string {
  return `${DEVICE.programs}/${name}`;
}

/** On a lab's host that is another one than the caller's. */
export const REMOTE_HOST = {
  /** A folder for each stack. */
  state: "/var/lib/edge-lab",
  cache: "/var/cache/edge-lab",
} as const;
