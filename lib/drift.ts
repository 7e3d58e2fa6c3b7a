import type * as pulumi from "@pulumi/pulumi";

import type { StackState } from "./stackState";

/** Variable of a Command that says what was found when it was last repaired. Its change runs `apply` again. */
export const DRIFT_VARIABLE = "EDGE_DRIFT";

/** By resource name: what is not as declared; an entry without findings stands for nothing. */
export type Findings = ReadonlyMap<string, readonly string[]>;

/** By resource name: the text that a resource carries, from earlier repairs or from this one. */
export type DriftMarks = ReadonlyMap<string, string>;

/**
 * How often a device was made anew because its disk was gone, with what was found: part of what makes the device what
 * it is. It is recorded with the device's enrolment.
 */
export function diskGeneration(device: string, state: StackState, findings: Findings): string {
  const before = state.commands.get(`${device}-enrolment`)?.environment["EDGE_GENERATION"] ?? "";
  const found = findings.get(`${device}-disk`) ?? [];
  return found.length > 0 ? nextMark(before, found) : before;
}

/** `3: does not answer` is the third repair of a resource; the count makes the same finding another value. */
function nextMark(before: string, findings: readonly string[]): string {
  const count = Number(/^(\d+): /.exec(before)?.[1] ?? 0) + 1;
  return `${count}: ${findings.join("; ")}`;
}

/**
 * What each resource carries in this run: where something was found a new text, which makes a visible update of it;
 * elsewhere the text that the state has, so that a repair is over with the run that made it.
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
    // A disk that is gone makes another device, see diskGeneration.
    if (kind !== "volume") mark(name, trigger);
  }
  return marks;
}

/** libvirt's objects that are made anew where they drifted. */
const REPLACED = /^libvirt:index\/(domain|network|pool):/;
/** The trigger of an object that was never repaired: the engine replaces nothing for the first value of a trigger. */
const AS_MADE = "0";

/**
 * Gives every resource its mark: a Command in its environment, which runs it again in place; a libvirt object as the
 * trigger of its replacement.
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
