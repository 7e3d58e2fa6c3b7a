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

/** A libvirt object that would be made by this name. */
export interface Untracked {
  readonly type: string;
  readonly kind: ObjectKind;
  readonly name: string;
}

/**
 * Names of the lab's libvirt objects that the stack's state does not know; there need be no such objects.
 * @param text the stack's file
 */
export function untracked(ctx: LabContext, text: string): Untracked[] {
  const tracked = stackState.parse(JSON.parse(text)).checkpoint?.latest?.resources ?? [];
  if (tracked.length === 0) return []; // nothing was created yet; there may be no libvirt
  return KINDS.flatMap(({ type, kind, names }) =>
    names(ctx)
      .filter((name) => !tracked.some((r) => r.type === type && r.inputs?.name === name))
      .map((name) => ({ type, kind, name })),
  );
}

/**
 * Removes those of them that are this lab's. The provider defines an object, then starts it; if the start fails it
 * records nothing, and the next run could not create the object.
 */
export async function removeUntracked(ctx: LabContext, objects: readonly Untracked[]): Promise<void> {
  for (const { type, kind, name } of objects) {
    if ((await whose(ctx, kind, name)) === "ours") await removePartial(ctx, type, { name });
  }
}
