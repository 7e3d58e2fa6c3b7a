import type { LabContext } from "../../client/context";
import { virsh } from "./virsh";
import { whose, type ObjectKind } from "./whose";

const KINDS: Record<string, ObjectKind> = { Domain: "domain", Network: "network", Pool: "pool" };

/** Runs virsh; a missing or stopped object is the goal, not an error. */
async function gone(ctx: LabContext, args: string[]): Promise<void> {
  const { ok, text } = await virsh(ctx, args);
  if (!ok && !/not found|no (domain|network|storage)|not running|not active|failed to get/i.test(text)) {
    throw new Error(`virsh ${args.join(" ")}: ${text}`);
  }
}

/** Removes what a run had begun to make, unless somebody else has something of that name. */
export async function removeBegun(
  ctx: LabContext,
  type: string,
  inputs: Record<string, unknown>,
): Promise<void> {
  const kind = KINDS[type.split(":").pop() ?? ""];
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
  switch (type) {
    case "libvirt:index/domain:Domain":
      await gone(ctx, ["destroy", name]);
      await gone(ctx, ["undefine", name]);
      break;
    case "libvirt:index/network:Network":
      await gone(ctx, ["net-destroy", name]);
      await gone(ctx, ["net-undefine", name]);
      break;
    case "libvirt:index/pool:Pool":
      await gone(ctx, ["pool-destroy", name]);
      await gone(ctx, ["pool-undefine", name]);
      break;
    case "libvirt:index/volume:Volume":
      await gone(ctx, ["vol-delete", name, "--pool", text("pool")]);
      break;
    default:
      break;
  }
}
