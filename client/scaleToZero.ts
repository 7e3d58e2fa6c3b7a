import { APP } from "../protocol/names";
import { runOnDevice } from "./ssh";

/** The proxy, which the idle time would end, and its container, so that it is gone when the command ends. */
const UNITS = `${APP.proxyService} ${APP.service}`;
/** Connections that the lab's own requests may have left; the kernel remembers them for a minute. */
const OWN_CONNECTIONS = 3;

interface Device {
  readonly address: string;
}

/** The command line that prints how many connections to the app a device has seen in the last minute. */
function countCommand(appUrl: string): string {
  const { hostname, port } = new URL(appUrl);
  return `ss -Htan src ${hostname}:${port || 80} | grep -vc LISTEN`;
}

/**
 * The command line that sends a device's app back to zero at once, unless the last minute saw more connections than the
 * lab's own: then somebody uses the app, and its idle time ends it.
 * @param appUrl URL of the app on the virtual IP
 */
export function scaleToZeroCommand(appUrl: string): string {
  return `[ "$(${countCommand(appUrl)})" -gt ${OWN_CONNECTIONS} ] || systemctl --user stop ${UNITS}`;
}

/**
 * Sends the app to zero after the lab has probed it, so that no container runs before a user's first request. Not while
 * somebody uses it, through whatever device: a stop ends the requests in flight, and one that has just become the
 * virtual IP's owner has seen few. An unreachable device is left to the idle time.
 * @param witnesses devices that may have been the owner in the last minute
 */
export async function scaleToZero(
  lab: { readonly stateDir: string; readonly devices: readonly Device[]; readonly appUrl: string },
  witnesses: readonly Device[] = lab.devices,
  run = runOnDevice,
): Promise<void> {
  const onEach = (devices: readonly Device[], command: string): Promise<{ stdout: string }[]> =>
    Promise.all(devices.map((d) => run(lab.stateDir, d.address, command, 60)));
  const counts = await onEach(witnesses, countCommand(lab.appUrl));
  if (counts.some(({ stdout }) => Number(stdout.trim()) > OWN_CONNECTIONS)) return;
  await onEach(lab.devices, scaleToZeroCommand(lab.appUrl));
}
