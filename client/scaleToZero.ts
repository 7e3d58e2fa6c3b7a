import { APP } from "../protocol/names";
import { runOnDevice } from "./ssh";

/** The proxy, which the idle time would end; and its container, so that it is gone when the command has ended. */
const UNITS = `${APP.proxyService} ${APP.service}`;
/** Connections that the lab's own questions may have left behind, which the kernel remembers for a minute. */
const OWN_CONNECTIONS = 3;

/**
 * The command line that sends the app of a device back to zero at once, unless there were more connections to it than
 * the lab's own in the last minute: then somebody uses it, and its idle time is what ends it.
 * @param appUrl URL of the app on the virtual IP
 */
export function scaleToZeroCommand(appUrl: string): string {
  const { hostname, port } = new URL(appUrl);
  const count = `ss -Htan src ${hostname}:${port || 80} | grep -vc LISTEN`;
  return `[ "$(${count})" -gt ${OWN_CONNECTIONS} ] || systemctl --user stop ${UNITS}`;
}

/**
 * After the lab has asked the app whether it answers: no container runs before somebody's first request.
 * A device that cannot be reached is left to the idle time.
 */
export async function scaleToZero(lab: {
  readonly stateDir: string;
  readonly devices: readonly { readonly address: string }[];
  readonly appUrl: string;
}): Promise<void> {
  const command = scaleToZeroCommand(lab.appUrl);
  await Promise.all(lab.devices.map((d) => runOnDevice(lab.stateDir, d.address, command, 60)));
}
