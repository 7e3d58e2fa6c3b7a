import type { LabContext } from "../../client/context";
import { virsh } from "./virsh";
import { whose, type ObjectKind } from "./whose";
import { printError } from "../../client/terminal";

/** A kind of libvirt object, and virsh's words for it. */
interface Kind {
  readonly kind: ObjectKind;
  /** Lists names: with `--all` of all objects, else of the running ones. */
  readonly list: readonly string[];
  readonly stop: string;
  readonly remove: string;
}
const KINDS: Record<string, Kind> = {
  "libvirt:index/domain:Domain": {
    kind: "domain",
    list: ["list", "--name"],
    stop: "destroy",
    remove: "undefine",
  },
  "libvirt:index/network:Network": {
    kind: "network",
    list: ["net-list", "--name"],
    stop: "net-destroy",
    remove: "net-undefine",
  },
  "libvirt:index/pool:Pool": {
    kind: "pool",
    list: ["pool-list", "--name"],
    stop: "pool-destroy",
    remove: "pool-undefine",
  },
};

/** Runs virsh, which must succeed. Its messages are for people; only its lists are parsed. */
async function ask(ctx: LabContext, args: readonly string[]): Promise<string> {
  const { ok, text } = await virsh(ctx, [...args]);
  if (!ok) throw new Error(`virsh ${args.join(" ")}: ${text}`);
  return text;
}

/** Names: the first word of each line. */
async function names(ctx: LabContext, list: readonly string[]): Promise<string[]> {
  return (await ask(ctx, list)).split("\n").map((line) => line.trim().split(/\s/)[0] ?? "");
}

/** Runs a command on an object that the list has; an object that vanishes meanwhile is the goal, not an error. */
async function act(ctx: LabContext, list: readonly string[], name: string, args: string[]): Promise<void> {
  if (!(await names(ctx, list)).includes(name)) return;
  const { ok, text } = await virsh(ctx, args);
  if (!ok && (await names(ctx, list)).includes(name)) throw new Error(`virsh ${args.join(" ")}: ${text}`);
}

async function removeVolume(ctx: LabContext, name: string, pool: string): Promise<void> {
  // An inactive pool cannot list its volumes; they go with its folder.
  if (!(await names(ctx, ["pool-list", "--name"])).includes(pool)) return;
  await act(ctx, ["vol-list", pool], name, ["vol-delete", name, "--pool", pool]);
}

/** Removes what a run began to create, unless the object with that name is somebody else's. */
export async function removeBegun(
  ctx: LabContext,
  type: string,
  inputs: Record<string, unknown>,
): Promise<void> {
  const kind = KINDS[type]?.kind;
  const { name } = inputs;
  if (kind !== undefined && typeof name === "string" && (await whose(ctx, kind, name)) === "another's") {
    printError(`recover: ${kind} ${name} is not this lab's and stays\n`);
  } else await removePartial(ctx, type, inputs);
}

/**
 * Removes a libvirt object that a run may have created without recording it; the next run creates it again.
 * @param type Pulumi type token, e.g. `libvirt:index/domain:Domain`
 * @param inputs the inputs of its creation
 */
export async function removePartial(
  ctx: LabContext,
  type: string,
  inputs: Record<string, unknown>,
): Promise<void> {
  const text = (key: string): string => (typeof inputs[key] === "string" ? inputs[key] : "");
  const name = text("name");
  if (name === "") return;
  printError(`recover: removing partial ${type.split(":").pop()} ${name}\n`);
  if (type === "libvirt:index/volume:Volume") return removeVolume(ctx, name, text("pool"));
  const kind = KINDS[type];
  if (!kind) return;
  await act(ctx, kind.list, name, [kind.stop, name]);
  await act(ctx, [...kind.list, "--all"], name, [kind.remove, name]);
}
