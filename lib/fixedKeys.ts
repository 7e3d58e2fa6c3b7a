import { DEFAULT_DISTRIBUTION } from "./backends";
import type { LabConfig } from "./config";
import type { Problem } from "./configErrors";
import { parseRemote } from "./remoteHost";
import type { StackState } from "./stackState";

const GIB = 2 ** 30;
const FIX = "set it back, or remove the lab first: npm run destroy";

/** `user@host`, which is where the lab is; port and key are only the way there. */
function place(remote: { readonly user: string; readonly host: string } | undefined): string {
  return remote ? `${remote.user}@${remote.host}` : "this host";
}

function recordedPlace(connection: string | undefined): string {
  return place(
    connection === undefined ? undefined : (JSON.parse(connection) as { user: string; host: string }),
  );
}

/** Keys that a lab keeps for as long as it exists: what another value would take is another lab. */
export function fixedKeyProblems(config: LabConfig, recorded: StackState): Problem[] {
  const host = recorded.commands.get("host-setup")?.environment;
  if (!host) return [];
  const { builder, distribution, libvirtUri, network } = config;
  const mode = host["EDGE_UPLINK"] === undefined ? "nat" : "lan";
  const rows: [key: string, value: unknown, now: string, made: string | undefined][] = [
    ["builder", builder, builder, host["EDGE_BUILDER"]],
    [
      "distribution",
      distribution,
      distribution ?? DEFAULT_DISTRIBUTION,
      builder === "osbuild" ? host["EDGE_DISTRIBUTION"] : undefined,
    ],
    ["libvirtUri", libvirtUri, place(parseRemote(libvirtUri)), recordedPlace(host["EDGE_REMOTE"])],
    ["network.mode", network.mode, network.mode, mode],
    ["network.bridge", network.bridge, network.bridge, host["EDGE_BRIDGE"]],
    ["network.name", network.name, network.name, host["EDGE_NETWORK"]],
  ];
  const problems = rows
    .filter(([, , now, made]) => made !== undefined && made !== now)
    .map(([key, value, , made]) => ({
      key,
      value,
      rule: `stays what the lab was made with (${made}) while the lab exists`,
      fix: FIX,
    }));
  return [...problems, ...diskProblems(config, recorded)];
}

/** A disk can grow while its device exists, but not shrink: what that would take is the device's data. */
function diskProblems({ device, devices }: LabConfig, recorded: StackState): Problem[] {
  const sizes = devices.map(
    ({ name }) => recorded.objects.find((o) => o.kind === "volume" && o.name === `${name}-disk`)?.bytes ?? 0,
  );
  const least = Math.max(0, ...sizes) / GIB;
  if (device.diskGiB >= least) return [];
  return [
    {
      key: "device.diskGiB",
      value: device.diskGiB,
      rule: `is at least ${least}, the size of the devices' disks, which cannot shrink`,
      fix: FIX,
    },
  ];
}
