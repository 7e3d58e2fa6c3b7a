import type * as pulumi from "@pulumi/pulumi";

import { oneLine } from "../protocol/text";
import type { StackState } from "./stackState";

/** Variable of a Command with the findings of its last repair. A change runs `apply` again. */
export const DRIFT_VARIABLE = "EDGE_DRIFT";

/** By resource name: what is not as declared; an entry without findings means no drift. */
export type Findings = ReadonlyMap<string, readonly string[]>;

/** By resource name: the text that a resource carries, from earlier repairs or from this one. */
export type DriftMarks = ReadonlyMap<string, string>;

/**
 * How often a device was recreated because its disk was gone, with the finding: part of the device's identity, recorded
 * with its enrolment.
 */
export function diskGeneration(device: string, state: StackState, findings: Findings): string {
  const before = state.commands.get(`${device}-enrolment`)?.environment["EDGE_GENERATION"] ?? "";
  const found = findings.get(`${device}-disk`) ?? [];
  return found.length > 0 ? nextMark(before, found) : before;
}

/** `3: does not answer` is the third repair of a resource; the count makes a repeated finding a new value. */
function nextMark(before: string, findings: readonly string[]): string {
  const count = Number(/^(\d+): /.exec(before)?.[1] ?? 0) + 1;
  // Pulumi prints it.
  return `${count}: ${oneLine(findings.join("; "))}`;
}

/**
 * What each resource carries in this run: after a finding a new text, which shows as an update; otherwise the text from
 * the state, so that a repair causes no further change.
 */
export function driftMarks(state: StackState, findings: Findings): DriftMarks {
  const marks = new Map<string, string>();
  const mark = (name: string, before: string): void => {
    const found = findings.get(name) ?? [];
    const text = found.length > 0 ? nextMark(before, found) : before;
    if (text !== "") marks.set(name, text);
  };
  for (const { name, environment } of state.commands.values()) mark(name, environment[DRIFT_VARIABLE] ?? "");
  for (const { name, kind, trigger } of state.objects) {
    // A missing disk replaces the device, see diskGeneration.
    if (kind !== "volume") mark(name, trigger);
  }
  return marks;
}

/** libvirt objects that are replaced if they drifted. */
const REPLACED = /^libvirt:index\/(domain|network|pool):/;
/** The trigger of an object that was never repaired: the engine does not replace for a trigger's first value. */
const AS_MADE = "0";

/**
 * Gives every resource its mark: a Command in its environment, which runs it again in place; a libvirt object as its
 * replacement trigger.
 */
export function markDrift(marks: DriftMarks): pulumi.ResourceTransformation {
  return ({ type, name, props, opts }) => {
    const mark = marks.get(name);
    if (REPLACED.test(type)) return { props, opts: { ...opts, replacementTrigger: mark ?? AS_MADE } };
    if (mark === undefined || type !== "command:local:Command") return undefined;
    const { environment, ...rest } = props as { environment: Record<string, pulumi.Input<string>> };
    return { opts, props: { ...rest, environment: { ...environment, [DRIFT_VARIABLE]: mark } } };
  };
}
