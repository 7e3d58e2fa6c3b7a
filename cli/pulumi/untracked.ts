import { z } from "zod";

import type { LabContext } from "../../client/context";
import { removePartial } from "./partial";
import { whose, type ObjectKind } from "./whose";

const resource = z.looseObject({
  type: z.string(),
  inputs: z.looseObject({ name: z.unknown().optional() }).optional(),
});
const stackState = z.looseObject({
  checkpoint: z
    .looseObject({ latest: z.looseObject({ resources: z.array(resource).optional() }).nullish() })
    .optional(),
});

/** A kind of libvirt object that the lab makes, and the names that it uses. */
interface Kind {
  readonly type: string;
  readonly kind: ObjectKind;
  readonly names: (ctx: LabContext) => readonly string[];
}
const KINDS: readonly Kind[] = [
  {
    type: "libvirt:index/domain:Domain",
    kind: "domain",
    names: (ctx) => ctx.config.devices.map((d) => d.name),
  },
  {
    type: "libvirt:index/network:Network",
    kind: "network",
    names: ({ config: { network } }) => (network.mode === "nat" ? [network.name] : []),
  },
  { type: "libvirt:index/pool:Pool", kind: "pool", names: (ctx) => [ctx.config.network.name] },
];

/**
 * Removes libvirt objects of this lab that the stack's state does not know. The provider defines an object, then starts
 * it; if the start fails it records nothing, and the next run could not create the object.
 * @param text the stack's file
 */
export async function removeUntracked(ctx: LabContext, text: string): Promise<void> {
  const tracked = stackState.parse(JSON.parse(text)).checkpoint?.latest?.resources ?? [];
  if (tracked.length === 0) return; // nothing was created yet; there may be no libvirt
  for (const { type, kind, names } of KINDS) {
    for (const name of names(ctx)) {
      if (tracked.some((r) => r.type === type && r.inputs?.name === name)) continue;
      if ((await whose(ctx, kind, name)) === "ours") await removePartial(ctx, type, { name });
    }
  }
}
