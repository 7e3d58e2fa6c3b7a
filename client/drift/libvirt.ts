import { z } from "zod";

import type { RecordedObject } from "../../lib/stackState";

/** The answer of assets/host/libvirt-status.sh. */
export const libvirtStatus = z.object({
  /** False if no daemon answers: then nothing is known about its objects. */
  answers: z.boolean(),
  /**
   * By name, from the definition for the next start. `definition` is UUID and hash without memory and vcpus; `recorded`
   * the same from when the device was last made ready, or empty.
   */
  domains: z.record(
    z.string(),
    z.object({
      /** Switched on, which a paused domain is too. */
      running: z.boolean(),
      paused: z.boolean(),
      /** Starts with the host. */
      autostart: z.boolean(),
      definition: z.string(),
      recorded: z.string(),
      memoryMiB: z.number(),
      vcpus: z.number(),
      /** When it was switched on, in seconds since 1970; 0 if it is off or that is not known. */
      since: z.number(),
      /** Runs on the disk that a scenario gave it, which loses what is not flushed. */
      volatile: z.boolean(),
    }),
  ),
  /** By name: whether it is active. */
  networks: z.record(z.string(), z.boolean()),
  pools: z.record(z.string(), z.boolean()),
  /** By file name in the lab's storage pool: length of the file, and what it takes. Known without a daemon too. */
  volumes: z.record(z.string(), z.object({ fileBytes: z.number(), allocatedBytes: z.number() })),
});
export type LibvirtStatus = z.infer<typeof libvirtStatus>;

/** Words of the finding that a domain has the name of the stack's, but is not that one; its UUID follows. */
export const OTHER_MACHINE = "is another one than the stack's: its UUID is";

const uuidOf = (definition: string): string => definition.split(" ")[0] ?? "";

/** How a libvirt object differs from the stack's state. */
export function objectDrift(object: RecordedObject, status: LibvirtStatus): string[] {
  const { kind, libvirtName } = object;
  if (!status.answers) return [];
  switch (kind) {
    case "network":
    case "pool": {
      const active = (kind === "network" ? status.networks : status.pools)[libvirtName];
      // One that is only inactive is started by the host's script, see inactive().
      return active === undefined ? [`libvirt has no ${kind} ${libvirtName}`] : [];
    }
    case "volume":
      return []; // see disks.ts
    case "domain": {
      const domain = status.domains[libvirtName];
      if (!domain) return [`libvirt has no domain ${libvirtName}`];
      const found: string[] = [];
      const uuid = uuidOf(domain.definition);
      if (uuid === "") return []; // it was not told, on a busy host
      if (object.id !== "" && uuid !== object.id)
        return [`the domain ${libvirtName} ${OTHER_MACHINE} ${uuid}`];
      // What was recorded of a domain that an earlier run has replaced says nothing about this one.
      if (uuidOf(domain.recorded) === uuid && domain.recorded !== domain.definition)
        found.push(`the domain ${libvirtName} has another definition`);
      if (object.memoryMiB !== undefined && object.memoryMiB !== domain.memoryMiB)
        found.push(`the domain ${libvirtName} has ${domain.memoryMiB} MiB instead of ${object.memoryMiB}`);
      if (object.vcpus !== undefined && object.vcpus !== domain.vcpus)
        found.push(`the domain ${libvirtName} has ${domain.vcpus} vcpus instead of ${object.vcpus}`);
      return found;
    }
  }
}

/** Networks and pools that are there but not active: nothing is made anew for that. */
export function inactive(objects: readonly RecordedObject[], status: LibvirtStatus): string[] {
  return objects.flatMap(({ kind, libvirtName }) => {
    if (kind !== "network" && kind !== "pool") return [];
    const active = (kind === "network" ? status.networks : status.pools)[libvirtName];
    return active === false ? [`the ${kind} ${libvirtName} is not active`] : [];
  });
}
