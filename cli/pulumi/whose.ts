import { ownerId, ownerIn, xmlText } from "../../lib/owner";
import type { LabContext } from "../../client/context";
import { virsh } from "./virsh";

/** Kinds of libvirt's objects that a lab makes, and virsh's words that print one as it is defined. */
const DUMP = {
  domain: ["dumpxml", "--inactive"],
  network: ["net-dumpxml", "--inactive"],
  pool: ["pool-dumpxml"],
} as const;

export type ObjectKind = keyof typeof DUMP;

/**
 * Whose an object's XML says that it is. Domains and networks name their owner; a domain that was just made does not
 * yet, but its files lie in the state directory, and a pool's folder does. A network of the version before says nothing.
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

/** Whose an object of libvirt is; undefined where there is none of that name. */
export async function whose(
  ctx: LabContext,
  kind: ObjectKind,
  name: string,
): Promise<"ours" | "another's" | "unknown" | undefined> {
  const { ok, text } = await virsh(ctx, [...DUMP[kind], name]);
  return ok ? ownership(kind, text, ctx.host.stateDir) : undefined;
}
