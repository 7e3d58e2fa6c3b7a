import { z } from "zod";

import type { LabContext } from "../../client/context";
import { removePartial } from "./partial";
import { LIBVIRT } from "../../protocol/names";
import { inState } from "../../protocol/paths";
import { virsh } from "./virsh";

const resource = z.looseObject({
  type: z.string(),
  inputs: z.looseObject({ name: z.unknown().optional() }).optional(),
});
const stackState = z.looseObject({
  checkpoint: z
    .looseObject({ latest: z.looseObject({ resources: z.array(resource).optional() }).nullish() })
    .optional(),
});

/** A kind of libvirt object: its names in Pulumi and virsh, and the text in its XML that marks it as this lab's. */
interface Kind {
  readonly type: string;
  readonly dump: string;
  readonly names: (ctx: LabContext) => readonly string[];
  readonly mark: (stateDir: string) => string;
}
const KINDS: readonly Kind[] = [
  {
    type: "libvirt:index/domain:Domain",
    dump: "dumpxml",
    names: (ctx) => ctx.config.devices.map((d) => d.name),
    mark: (stateDir) => `'${stateDir}/`,
  },
  {
    type: "libvirt:index/network:Network",
    dump: "net-dumpxml",
    names: (ctx) => (ctx.config.network.mode === "nat" ? [LIBVIRT.network] : []),
    mark: () => `<domain name='${LIBVIRT.domain}'`,
  },
  {
    type: "libvirt:index/pool:Pool",
    dump: "pool-dumpxml",
    names: () => [LIBVIRT.pool],
    mark: (stateDir) => `>${inState(stateDir, "pool")}<`,
  },
];

/**
 * Removes libvirt objects of this lab that the stack's state does not know. The provider defines an object, then starts
 * it; if the start fails it records nothing, and the next run could not create the object.
 * @param text the stack's file
 */
export async function removeUntracked(ctx: LabContext, text: string): Promise<void> {
  const tracked = stackState.parse(JSON.parse(text)).checkpoint?.latest?.resources ?? [];
  if (tracked.length === 0) return; // nothing was created yet; there may be no libvirt
  for (const { type, dump, names, mark } of KINDS) {
    for (const name of names(ctx)) {
      if (tracked.some((r) => r.type === type && r.inputs?.name === name)) continue;
      const { ok, text: xml } = await virsh(ctx, [dump, name]);
      if (ok && xml.includes(mark(ctx.host.stateDir))) await removePartial(ctx, type, { name });
    }
  }
}
