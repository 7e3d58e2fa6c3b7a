/**
 * Names that more than one language writes: TypeScript, shell, systemd, quadlet, keepalived, libvirt.
 * tests/unit/protocol/facts.test.ts holds every other place to what stands here.
 */

/** The web app on the devices, and its image in the registry. */
export const APP = {
  /** Repository of the image in the registry. */
  image: "httpd",
  /** Tag that devices follow. */
  tag: "prod",
  container: "httpd",
  /** Container of a new image while it is tried. */
  trial: "httpd-trial",
  /** What quadlet makes of the .container file. */
  service: "container-httpd.service",
  /** Takes requests for the service, and ends it when it is idle. */
  proxyService: "container-httpd-proxy.service",
  /** Starts the service anew when it no longer answers. */
  watchService: "container-httpd-watch.service",
  /** Listens on the virtual IP. */
  proxySocket: "container-httpd-proxy.socket",
} as const;

/** The operator on every device; the app runs as this user. */
export const OPERATOR = { name: "core", uid: 1000 } as const;

/** The devices' share of one virtual IP. */
export const VRRP = {
  instance: "RFE_VIP",
  routerId: 50,
  /** 255 is the owner of the address: a check that has a weight cannot lower it. */
  primary: { state: "MASTER", priority: 255 },
  /** Of the first backup; each further one has one less. */
  backup: { state: "BACKUP", priority: 254 },
} as const;

/** OSTree's names on a device. */
export const OSTREE = { osName: "edge", remote: "edge" } as const;

/** The device's own unit that looks for a release and stages it. */
export const UPDATE_SERVICE = "edge-update.service";

/** greenboot's check that the upgrade gate closes. */
export const UPGRADE_CHECK = "01_check_upgrade.sh";

/** libvirt's names on the lab's host, unless the configuration sets others. */
export const LIBVIRT = {
  /** Of the network and of the storage pool. */
  name: "edge-lab",
  /** DNS domain of the network. */
  domain: "edge.lab",
  /** Two names, so that a stack whose mode changes has the new bridge before the old one goes. */
  bridges: { nat: "edgelab0", lan: "edgelan0" },
} as const;

/** The device's part as osbuild's images get it: the package, and the firewalld service that it brings. */
export const GUEST = { package: "edge-lab-guest", firewallService: "edge-lab" } as const;
