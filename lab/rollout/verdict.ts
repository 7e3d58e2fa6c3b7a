import type { DeviceRecord } from "../depotClient";

/** What the devices' reports say about a rollout. */
export type Verdict =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly device: DeviceRecord; readonly what: string }
  | { readonly kind: "going"; readonly waitingFor: readonly DeviceRecord[] };

/**
 * Judges a rollout by the devices' own reports.
 */
export function judge(devices: readonly DeviceRecord[], names: readonly string[], commit: string): Verdict {
  const ours = devices.filter((d) => names.includes(d.name));
  for (const device of ours) {
    const failure = device.report?.failed.find((f) => f.commit === commit);
    if (failure && device.report?.booted.commit !== commit) {
      return {
        kind: "failed",
        device,
        what: `${failure.check ?? "a required check"} failed and it rolled back`,
      };
    }
  }
  const waitingFor = ours.filter((d) => !(d.report?.health === "green" && d.report.booted.commit === commit));
  return waitingFor.length === 0 && ours.length === names.length
    ? { kind: "done" }
    : { kind: "going", waitingFor };
}

/** One line on where every device stands. */
export function describe(devices: readonly DeviceRecord[], names: readonly string[]): string {
  return names
    .map((name) => {
      const report = devices.find((d) => d.name === name)?.report;
      if (!report) return `${name} has not reported`;
      const phase = report.updatePhase && report.updatePhase !== "idle" ? `, ${report.updatePhase}` : "";
      const vip = report.vip ? ", VIP" : "";
      return `${name} ${report.booted.version ?? report.booted.commit.slice(0, 8)} ${report.health}${vip}${phase}`;
    })
    .join("; ");
}
