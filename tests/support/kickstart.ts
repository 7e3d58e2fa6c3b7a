import { resolveConfig } from "../../lib/config";
import { hashPassword } from "../../lib/coreUser";
import type { KickstartArgs } from "../../lib/kickstart";

export const HASH = hashPassword("correct horse", "0123456789abcdef");
export const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx+5nV0a2h0cHM6Ly9naXQ3aHViLmNvbQ";

/** Arguments of a kickstart of the default lab, with changes. */
export function kickstartArgs(
  raw: Record<string, unknown> = {},
  change: Partial<KickstartArgs> = {},
): KickstartArgs {
  const config = resolveConfig(raw, "test");
  const { gateway, prefix, vip } = config.network;
  return {
    repoUrl: `http://${gateway}:8000/repo`,
    ref: "debian/trixie/x86_64/edge",
    osName: "edge",
    remote: "edge",
    user: {
      name: "core",
      groups: ["sudo"],
      passwordHash: HASH,
      authorizedKeys: [`${KEY} lab@host`],
    },
    devices: config.devices.filter((d) => d.role === "primary"),
    allDevices: config.devices,
    prefix,
    gateway,
    vip,
    depotUrl: `http://${gateway}:8000`,
    registry: `${gateway}:5000`,
    advertSeconds: 0.3,
    idleSeconds: config.app.idleSeconds,
    upgradeGate: config.upgradeGate,
    appPort: 8080,
    installer: "own",
    ...change,
  };
}

export const many = {
  devices: ["one", "two", "three"].map((name, i) => ({ name, role: i === 0 ? "primary" : "backup" })),
};
export const backups = kickstartArgs(many, {
  devices: resolveConfig(many, "test").devices.filter((d) => d.role === "backup"),
});
/** The same with static addresses in the kickstart. */
export const fixed = kickstartArgs(many, {
  devices: backups.devices,
  gateway: "192.168.76.254",
  fixed: { netmask: "255.255.255.0", nameservers: ["192.168.76.253", "9.9.9.9"] },
});
