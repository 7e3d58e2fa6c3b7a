import { APP } from "../protocol/names";
import { runOnDevice } from "./ssh";

/** The proxy, which the idle time would end, and its container, so that it is gone when the command ends. */
const UNITS = `${APP.proxyService} ${APP.service}`;
/** Connections that the lab's own requests may have left; the kernel remembers them for a minute. */
const OWN_CONNECTIONS = 3;

/**
 * The command line that sends a device's app back to zero at once, unless the last minute saw more connections than the
 * lab's own: then somebody uses the app, and its idle time ends it.
 * @param appUrl URL of the app on the virtual IP
 */
export function scaleToZeroCommand(appUrl: string): string {
  const { hostname, port } = new URL(appUrl);
  const count = `ss -Htan src ${hostname}:${port || 80} | grep -vc LISTEN`;
  return `[ "$(${count})" -gt ${OWN_CONNECTIONS} ] || systemctl --user stop ${UNITS}`;
}

/**
 * Sends the app to zero after the lab has probed it, so that no container runs before a user's first request.
 * An unreachable device is left to the idle time.
 */
export async function scaleToZero(lab: {
  readonly stateDir: string;
  readonly devices: readonly { readonly address: string }[];
  readonly appUrl: string;
}): Promise<void> {
  const command = scaleToZeroCommand(lab.appUrl);
  await Promise.all(lab.devices.map((d) => runOnDevice(lab.stateDir, d.address, command, 60)));
}
