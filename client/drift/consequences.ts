import type { StackState } from "../../lib/stackState";
import { OTHER_MACHINE, type LibvirtStatus } from "./libvirt";

/** Name of a resource, and what of it is not as declared. */
export type Finding = readonly [name: string, found: readonly string[]];

/** A network that comes back lacks the devices' leases and interfaces, also if a refresh has dropped it from the state. */
function unplugged(state: StackState, { answers, networks }: LibvirtStatus): Finding[] {
  return [...state.commands.values()].flatMap(({ name, environment }): Finding[] => {
    const network = environment["EDGE_NETWORK"] ?? "";
    const lost = name.endsWith("-enrolment") && network !== "" && answers && networks[network] !== true;
    return lost ? [[name, ["its network comes back without it"]]] : [];
  });
}

/** Findings of one resource that another one mends, or that another one must see through to its end. */
export function consequences(
  found: ReadonlyMap<string, readonly string[]>,
  state: StackState,
  status: LibvirtStatus | undefined,
): Finding[] {
  const others = [...found].map(
    // The enrolment makes room before the domain is made anew.
    ([name, texts]): Finding => [
      name.replace(/-domain$/, "-enrolment"),
      name.endsWith("-domain") ? texts.filter((text) => text.includes(OTHER_MACHINE)) : [],
    ],
  );
  // The devices take what `prod` names by themselves; only this waits until they have.
  const served: Finding = [
    "app-served",
    found.has("app-prod-push") ? ["the image that prod names is put back"] : [],
  ];
  // A LAN's bridge that is made anew lacks them too.
  const bridge = [...state.commands.keys()].map((name): Finding => [
    name,
    name.endsWith("-enrolment") && found.has("bridge-uplink") ? ["its bridge comes back without it"] : [],
  ]);
  return [...others, served, ...bridge, ...(status ? unplugged(state, status) : [])];
}
