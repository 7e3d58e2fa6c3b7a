import { ownerId, ownerIn, xmlText } from "../../lib/owner";
import type { LabContext } from "../../client/context";
import { virsh } from "./virsh";

/** Kinds of libvirt objects that a lab makes, and virsh's words that print their definition. */
const DUMP = {
  domain: ["dumpxml", "--inactive"],
  network: ["net-dumpxml", "--inactive"],
  pool: ["pool-dumpxml"],
} as const;

export type ObjectKind = keyof typeof DUMP;

/**
 * Who owns an object, according to its XML. Domains and networks name their owner. A new domain does not yet, but its
 * files lie in the state directory, as does a pool's folder. A network of the previous version names no owner.
 */
export function ownership(kind: ObjectKind, xml: string, stateDir: string): "ours" | "another's" | "unknown" {
  const owner = ownerIn(xml);
  if (owner) return ownerId(owner.stateDir) === ownerId(stateDir) ? "ours" : "another's";
  const inside = {
    domain: `'${xmlText(stateDir)}/`,
    pool: `>${xmlText(stateDir)}/pool<`,
    network: undefined,
  }[kind];
  if (inside === undefined) return "unknown";
  return xml.includes(inside) ? "ours" : "another's";
}

/** Who owns a libvirt object; undefined if none has that name. */
export async function whose(
  ctx: LabContext,
  kind: ObjectKind,
  name: string,
): Promise<"ours" | "another's" | "unknown" | undefined> {
  const { ok, text } = await virsh(ctx, [...DUMP[kind], name]);
  return ok ? ownership(kind, text, ctx.host.stateDir) : undefined;
}
