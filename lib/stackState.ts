import { z } from "zod";

/** A Command as recorded in the stack's state: its last inputs and its answer. */
export interface RecordedCommand {
  /** Name of the resource, unique in the stack. */
  readonly name: string;
  /** The command line of `apply`. */
  readonly create: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Empty if it is secret. */
  readonly stdin: string;
  readonly stdout: string;
  /** What it made is deleted already; a run that was cut off was to make it anew. */
  readonly pendingReplacement?: boolean | undefined;
}

/** A libvirt object as recorded in the stack's state. */
export interface RecordedObject {
  readonly name: string;
  readonly kind: "domain" | "network" | "pool" | "volume";
  /** The provider's id; a domain's is its UUID. */
  readonly id: string;
  /** Its name in libvirt. */
  readonly libvirtName: string;
  /** Pool of a volume. */
  readonly pool: string;
  /** Text of the resource's replacement trigger; empty if it has none. */
  readonly trigger: string;
  /** Of a domain: memory in MiB and number of virtual CPUs. */
  readonly memoryMiB?: number | undefined;
  readonly vcpus?: number | undefined;
  /** Of a volume: its size in bytes. */
  readonly bytes?: number | undefined;
}

/** What a stack's state knows about the lab. */
export interface StackState {
  readonly commands: ReadonlyMap<string, RecordedCommand>;
  readonly objects: readonly RecordedObject[];
  /** Public half of the lab's ssh key; the Command's own answer is secret. */
  readonly publicKey?: string | undefined;
}

export const EMPTY_STATE: StackState = { commands: new Map(), objects: [] };

const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().default(""),
  inputs: z.record(z.string(), z.unknown()).default({}),
  outputs: z.record(z.string(), z.unknown()).default({}),
  replacementTrigger: z.unknown().optional(),
  /** Replaced already; to be deleted at the end of the next run that succeeds. */
  delete: z.boolean().optional(),
  pendingReplacement: z.boolean().optional(),
});
const checkpoint = z.looseObject({
  checkpoint: z
    .looseObject({ latest: z.looseObject({ resources: z.array(resourceSchema).optional() }).nullish() })
    .optional(),
});

/** A plain text; empty for a secret, which the state encrypts. */
const text = (value: unknown): string => (typeof value === "string" ? value : "");

const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

function plainTexts(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, v]) => typeof v === "string"));
}

/** The component whose keys end with the lab's own. */
const CORE_USER = "edge-lab:index:CoreUser";

function lastText(values: unknown): string | undefined {
  const last: unknown = Array.isArray(values) ? values[values.length - 1] : undefined;
  return typeof last === "string" ? last : undefined;
}

const KIND = /^libvirt:index\/(domain|network|pool|volume):/;

/**
 * Reads a stack's state file.
 * @param content the backend's file, JSON
 */
export function parseStackState(content: string): StackState {
  const resources = checkpoint.parse(JSON.parse(content)).checkpoint?.latest?.resources ?? [];
  const commands = new Map<string, RecordedCommand>();
  const objects: RecordedObject[] = [];
  let publicKey: string | undefined;
  for (const resource of resources) {
    if (resource.delete === true) continue;
    const { urn, type, id, inputs, outputs, replacementTrigger, pendingReplacement } = resource;
    const name = urn.split("::").pop() ?? "";
    if (type === "command:local:Command") {
      commands.set(name, {
        name,
        create: text(inputs["create"]),
        environment: plainTexts(inputs["environment"]),
        stdin: text(inputs["stdin"]),
        stdout: text(outputs["stdout"]),
        ...(pendingReplacement === true ? { pendingReplacement } : {}),
      });
    }
    if (type === CORE_USER) publicKey = lastText(outputs["authorizedKeys"]);
    const kind = KIND.exec(type)?.[1];
    if (kind !== undefined && pendingReplacement !== true) {
      objects.push({
        name,
        kind: kind as RecordedObject["kind"],
        id,
        libvirtName: text(inputs["name"]),
        pool: text(inputs["pool"]),
        trigger: text(replacementTrigger),
        memoryMiB: number(inputs["memory"]),
        vcpus: number(inputs["vcpu"]),
        bytes: number(inputs["size"]),
      });
    }
  }
  return { commands, objects, publicKey };
}
