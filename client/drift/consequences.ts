import type { RecordedCommand, StackState } from "../../lib/stackState";
import { OTHER_MACHINE, type LibvirtStatus } from "./libvirt";

/** Name of a resource, and what of it is not as declared. */
export type Finding = readonly [name: string, found: readonly string[]];

/** How the names of the enrolments end. */
const ENROLMENT = "-enrolment";

/** What a device's enrolment must do again: make room for its domain, or plug it into what comes back without it. */
function enrolment(
  { name, environment }: RecordedCommand,
  found: ReadonlyMap<string, readonly string[]>,
  status: LibvirtStatus | undefined,
): string[] {
  const domain = found.get(`${name.slice(0, -ENROLMENT.length)}-domain`) ?? [];
  const again = domain.filter((text) => text.includes(OTHER_MACHINE));
  if (found.has("bridge-uplink")) again.push("its bridge comes back without it");
  // Also if a refresh has dropped the network from the state.
  const network = environment["EDGE_NETWORK"] ?? "";
  if (network !== "" && status?.answers === true && status.networks[network] !== true)
    again.push("its network comes back without it");
  return again;
}

/** Findings of one resource that another one mends, or that another one must see through to its end. */
export function consequences(
  found: ReadonlyMap<string, readonly string[]>,
  state: StackState,
  status: LibvirtStatus | undefined,
): Finding[] {
  const enrolments = [...state.commands.values()].filter(({ name }) => name.endsWith(ENROLMENT));
  return [
    ...enrolments.map((command): Finding => [command.name, enrolment(command, found, status)]),
    // The devices take what `prod` names by themselves; only this waits until they have.
    ["app-served", found.has("app-prod-push") ? ["the image that prod names is put back"] : []],
  ];
}
