import { waitFor } from "../../client/wait";
import type { DeviceView } from "../../protocol/status";
import type { RunningLab } from "./runningLab";

/** Time for a boot without KVM on a busy host. */
const BOOT_SECONDS = 300;

type Report = NonNullable<DeviceView["report"]>;

/**
 * Reboots a device, and waits until a report of the new boot satisfies `good`.
 * @returns seconds from the reboot; undefined if no such report came
 */
export async function reboot(
  lab: RunningLab,
  device: string,
  good: (report: Report) => boolean,
): Promise<number | undefined> {
  const before = (await lab.report(device))?.bootId;
  // Delayed, so that this command can still return.
  await lab.ask(device, "sudo systemd-run --quiet --on-active=3 systemctl reboot");
  const back = await waitFor(BOOT_SECONDS, async () => {
    const report = await lab.report(device);
    return report !== null && report.bootId !== before && good(report);
  });
  return back && Math.round(back.seconds);
}
