import type { Scenario } from "./scenario";

/** For {@link Scenario.unfit}: the scenario needs so many devices. */
export function needsDevices(least: number): NonNullable<Scenario["unfit"]> {
  return ({ names }) =>
    names.length >= least
      ? undefined
      : `it needs ${least} devices, this lab has ${names.length}; fix: another backup below devices in the stack file, then npm run up`;
}
