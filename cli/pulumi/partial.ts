import type { LabContext } from "../../client/context";
import { virsh } from "./virsh";
import { whose, type ObjectKind } from "./whose";

/** A kind of libvirt object: what it is, and virsh's words for it. */
interface Kind {
  readonly kind: ObjectKind;
  /** Lists the names of all objects, with `--all`, or else of those that run. */
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

/** Runs virsh, which must succeed. What it says is for people; programs read its lists. */
async function ask(ctx: LabContext, args: readonly string[]): Promise<string> {
  const { ok, text } = await virsh(ctx, [...args]);
  if (!ok) throw new Error(`virsh ${args.join(" ")}: ${text}`);
  return text;
}

/** The first words of a list's lines: names. */
async function names(ctx: LabContext, list: readonly string[]): Promise<string[]> {
  return (await ask(ctx, list)).split("\n").map((line) => line.trim().split(/\s/)[0] ?? "");
}

/** Runs a command on an object that the list has; one that went away meanwhile is the goal, not an error. */
async function act(ctx: LabContext, list: readonly string[], name: string, args: string[]): Promise<void> {
  if (!(await names(ctx, list)).includes(name)) return;
  const { ok, text } = await virsh(ctx, args);
  if (!ok && (await names(ctx, list)).includes(name)) throw new Error(`virsh ${args.join(" ")}: ${text}`);
}

async function removeVolume(ctx: LabContext, name: string, pool: string): Promise<void> {
  // What an inactive pool holds cannot be asked for, and goes with its folder.
  if (!(await names(ctx, ["pool-list", "--name"])).includes(pool)) return;
  await act(ctx, ["vol-list", pool], name, ["vol-delete", name, "--pool", pool]);
}

/** Removes what a run had begun to make, unless somebody else has something of that name. */
export async function removeBegun(
  ctx: LabContext,
  type: string,
  inputs: Record<string, unknown>,
): Promise<void> {
  const kind = KINDS[type]?.kind;
  const { name } = inputs;
  if (kind !== undefined && typeof name === "string" && (await whose(ctx, kind, name)) === "another's") {
    process.stderr.write(`recover: ${kind} ${name} is not this lab's and stays\n`);
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
  process.stderr.write(`recover: removing partial ${type.split(":").pop()} ${name}\n`);
  if (type === "libvirt:index/volume:Volume") return removeVolume(ctx, name, text("pool"));
  const kind = KINDS[type];
  if (!kind) return;
  await act(ctx, kind.list, name, [kind.stop, name]);
  await act(ctx, [...kind.list, "--all"], name, [kind.remove, name]);
}
