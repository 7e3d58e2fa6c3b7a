import type { RunningLab } from "./runningLab";

const SAVED_CLOCK = "/var/lib/systemd/timesync/clock";
/** systemd-timedated waits 25 s for systemd, which on a busy device may take as long to read its units again. */
const TRY = 'try() { for n in 1 2 3; do "$@" && return; sleep 5; done; return 1; }';
/** Time for three tries. */
const LIMIT_SECONDS = 300;

/**
 * Sets a device's clock, the hardware clock included, and keeps it there over reboots and upgrades: no time server mends
 * it, and the time that timesyncd would start from is the same.
 * @param offsetSeconds ahead of this host's clock; negative: behind
 */
export async function skewClock(lab: RunningLab, device: string, offsetSeconds: number): Promise<void> {
  await lab.ask(device, `${TRY}; try sudo timedatectl set-ntp false`, LIMIT_SECONDS);
  const time = Math.round(Date.now() / 1000 + offsetSeconds);
  await lab.ask(
    device,
    `set -eu
${TRY}
try sudo timedatectl set-time @${time}
[ ! -e ${SAVED_CLOCK} ] || sudo touch --date @${time} ${SAVED_CLOCK}`,
    LIMIT_SECONDS,
  );
}

/** Sets a device's clock to this host's, and lets time servers have it again. */
export async function restoreClock(lab: RunningLab, device: string): Promise<void> {
  await skewClock(lab, device, 0);
  await lab.ask(device, `${TRY}; try sudo timedatectl set-ntp true`, LIMIT_SECONDS);
}

/** How far a device's clock is ahead of this host's, seconds. */
export async function clockOffset(lab: RunningLab, device: string): Promise<number> {
  const before = Date.now();
  const time = Number(await lab.ask(device, "date +%s"));
  return Math.round(time - (before + Date.now()) / 2000);
}
