import type { DeviceView } from "../../protocol/status";
import type { LibvirtStatus } from "./libvirt";

/** A device reports twice a minute; if it is silent for longer than this, something is wrong. Seconds. */
const SILENT_SECONDS = 300;

/** Whether a device that was ready is still switched on and reporting, and would be after a restart of the host. */
export function readyDrift(
  device: string,
  libvirt: LibvirtStatus | undefined,
  records: readonly DeviceView[] | undefined,
  now = Date.now(),
): string[] {
  if (!libvirt?.answers) return ["libvirt does not answer, so nothing is known of it"];
  const domain = libvirt.domains[device];
  const found = domain?.autostart === false ? ["it does not start with the host"] : [];
  if (domain?.running === false) return [...found, "it is switched off"];
  if (domain?.paused === true) return [...found, "it is paused"];
  if (domain?.volatile === true)
    found.push("it runs on the disk of a scenario, which loses what is not flushed");
  const at = records?.find((r) => r.name === device)?.receivedAt;
  // A clock that was set back says nothing.
  const since = domain && domain.since * 1000 <= now ? domain.since * 1000 : 0;
  const silent = [...found, "it has not reported since it was switched on"];
  // A depot that is away is its own drift; but a device that has been on for longer than this was healthy before.
  if (records === undefined || !at) return now - since < SILENT_SECONDS * 1000 ? silent : found;
  // After a restart of the host, for example: its last report is not about this boot.
  if (Date.parse(at) < since) return silent;
  const seconds = Math.round((now - Date.parse(at)) / 1000);
  return seconds > SILENT_SECONDS ? [...found, `it has not reported for ${seconds} s`] : found;
}

/** Whether the devices run the commit that the last rollout left. */
export function rolloutDrift(
  goal: { readonly commit: string; readonly ref: string | undefined },
  records: readonly DeviceView[] | undefined,
): string[] {
  const found: string[] = [];
  if (goal.ref === undefined) found.push("the published ref is gone");
  else if (goal.ref !== goal.commit) {
    found.push(`the published ref names ${goal.ref.slice(0, 12)} instead of ${goal.commit.slice(0, 12)}`);
  }
  for (const { name, report } of records ?? []) {
    if (!report || report.booted.commit === goal.commit) continue;
    // It tried the commit; another attempt would fail the same way.
    if (report.failed.some((f) => f.commit === goal.commit)) continue;
    found.push(`${name} runs ${report.booted.version ?? report.booted.commit.slice(0, 12)}`);
  }
  return found;
}
