import { z } from "zod";

import type { RecordedObject } from "../../lib/stackState";

/** What assets/host/libvirt-status.sh answers. */
export const libvirtStatus = z.object({
  /** False where no daemon answers: then nothing is known of its objects. */
  answers: z.boolean(),
  /** By name. `definition` is its UUID and a hash; `recorded` the same when the device was last made ready, or empty. */
  domains: z.record(
    z.string(),
    z.object({ running: z.boolean(), definition: z.string(), recorded: z.string() }),
  ),
  /** By name: whether it is active. */
  networks: z.record(z.string(), z.boolean()),
  pools: z.record(z.string(), z.boolean()),
  /** File names in the lab's storage pool. */
  volumes: z.array(z.string()),
});
export type LibvirtStatus = z.infer<typeof libvirtStatus>;

/** What of a libvirt object is not as the stack's state has it. */
export function objectDrift({ kind, libvirtName }: RecordedObject, status: LibvirtStatus): string[] {
  if (!status.answers) return [];
  switch (kind) {
    case "network":
    case "pool": {
      const active = (kind === "network" ? status.networks : status.pools)[libvirtName];
      if (active === undefined) return [`libvirt has no ${kind} ${libvirtName}`];
      return active ? [] : [`the ${kind} ${libvirtName} is not active`];
    }
    case "volume":
      return status.volumes.includes(libvirtName) ? [] : [`its disk ${libvirtName} is gone`];
    case "domain": {
      const domain = status.domains[libvirtName];
      if (!domain) return [`libvirt has no domain ${libvirtName}`];
      return domain.recorded === "" || domain.recorded === domain.definition
        ? []
        : [`the domain ${libvirtName} has another definition`];
    }
  }
}
