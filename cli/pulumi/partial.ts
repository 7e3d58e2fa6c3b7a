import type { LabContext } from "../../client/context";
import { virsh } from "./virsh";

/** The words of virsh for a kind of libvirt object. */
interface Kind {
  /** Lists the names of all objects, with `--all`, or else of those that run. */
  readonly list: readonly string[];
  readonly stop: string;
  readonly remove: string;
}
const KINDS: Record<string, Kind> = {
  "libvirt:index/domain:Domain": { list: ["list", "--name"], stop: "destroy", remove: "undefine" },
  "libvirt:index/network:Network": {
    list: ["net-list", "--name"],
    stop: "net-destroy",
    remove: "net-undefine",
  },
  "libvirt:index/pool:Pool": {
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

/** Runs a command on an object that the list has; one that went away by itself meanwhile is what was wanted. */
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

/**
 * Removes a libvirt object that a run may have made without recording it: the next run makes it anew.
 * @param type Pulumi type token, e.g. `libvirt:index/domain:Domain`
 * @param inputs the inputs that it was to be made with
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
  // A domain of the same name that is not the lab's was refused by preflight; this is ours.
  await act(ctx, kind.list, name, [kind.stop, name]);
  await act(ctx, [...kind.list, "--all"], name, [kind.remove, name]);
}
