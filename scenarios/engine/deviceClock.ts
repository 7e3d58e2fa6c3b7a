import type { RunningLab } from "./runningLab";

const SAVED_CLOCK = "/var/lib/systemd/timesync/clock";

/**
 * Sets a device's clock, the hardware clock included, and keeps it there over reboots and upgrades: no time server mends
 * it, and the time that timesyncd would start from is the same.
 * @param offsetSeconds ahead of this host's clock; negative: behind
 */
export async function skewClock(lab: RunningLab, device: string, offsetSeconds: number): Promise<void> {
  const time = Math.round(Date.now() / 1000 + offsetSeconds);
  await lab.ask(
    device,
    `set -eu
sudo timedatectl set-ntp false
sudo timedatectl set-time @${time}
[ ! -e ${SAVED_CLOCK} ] || sudo touch --date @${time} ${SAVED_CLOCK}`,
  );
}

/** Sets a device's clock to this host's, and lets time servers have it again. */
export async function restoreClock(lab: RunningLab, device: string): Promise<void> {
  await skewClock(lab, device, 0);
  await lab.ask(device, "sudo timedatectl set-ntp true");
}

/** How far a device's clock is ahead of this host's, seconds. */
export async function clockOffset(lab: RunningLab, device: string): Promise<number> {
  const before = Date.now();
  const time = Number(await lab.ask(device, "date +%s"));
  return Math.round(time - (before + Date.now()) / 2000);
}
