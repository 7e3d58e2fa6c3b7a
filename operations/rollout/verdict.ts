import { UPGRADE_CHECK } from "../../protocol/names";
import { appFailure, type Failure } from "../../protocol/report";
import type { DeviceView } from "../../protocol/status";
import { oneLine } from "../../protocol/text";

/** Verdict on a rollout, from the devices' reports. */
export type Verdict =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly device: DeviceView; readonly what: string }
  | { readonly kind: "going"; readonly waitingFor: readonly DeviceView[] };

/** Goal of a rollout. */
export interface Goal {
  readonly commit: string;
  /** True if the upgrade gate is open: any rejection by it is old, and the device is about to forget it. */
  readonly gateOpen: boolean;
}

/** A device retries after a network error; after this many failures in a row the cause is permanent. */
const UPDATE_ATTEMPTS = 3;

function wordsFor({ cause, check, output, attempts }: Failure): string {
  if (cause === "finalize") {
    return `it could not be made the default in ${attempts ?? "all"} reboots: ${oneLine(output ?? "no reason given")}`;
  }
  const named = check && check !== "none";
  if (!named && output) return `it rolled back: ${oneLine(output)}`;
  return `${named ? check : "a required check"} failed and it rolled back`;
}

function failureOf({ report }: DeviceView, { commit, gateOpen }: Goal): string | undefined {
  if (!report || report.booted.commit === commit) return undefined;
  const failure = report.failed.find(
    (f) => f.commit === commit && !(gateOpen && (f.check ?? "").endsWith(UPGRADE_CHECK)),
  );
  if (failure) return wordsFor(failure);
  const error = report.updateError;
  return error?.commit === commit && error.attempts >= UPDATE_ATTEMPTS
    ? `it could not be staged in ${error.attempts} attempts: ${oneLine(error.output)}`
    : undefined;
}

/**
 * Judges a rollout by the devices' own reports.
 */
export function judge(devices: readonly DeviceView[], names: readonly string[], goal: Goal): Verdict {
  const ours = devices.filter((d) => names.includes(d.name));
  for (const device of ours) {
    const what = failureOf(device, goal);
    if (what !== undefined) return { kind: "failed", device, what };
  }
  const waitingFor = ours.filter(
    (d) => !(d.report?.health === "green" && d.report.booted.commit === goal.commit),
  );
  return waitingFor.length === 0 && ours.length === names.length
    ? { kind: "done" }
    : { kind: "going", waitingFor };
}

/** The state of every device, in one line. */
export function describe(devices: readonly DeviceView[], names: readonly string[]): string {
  return names
    .map((name) => {
      const report = devices.find((d) => d.name === name)?.report;
      if (!report) return `${name} has not reported`;
      const phase = report.updatePhase && report.updatePhase !== "idle" ? `, ${report.updatePhase}` : "";
      const vip = report.vip ? ", VIP" : "";
      const why = appFailure(report);
      const app = why === undefined ? "" : `, app failed: ${why}`;
      return `${name} ${report.booted.version ?? report.booted.commit.slice(0, 8)} ${report.health}${vip}${phase}${app}`;
    })
    .join("; ");
}
