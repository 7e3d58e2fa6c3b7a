import { askApp } from "../../client/appProbe";
import { LabError } from "../../client/labError";
import { sleep } from "../../client/wait";
import { Progress } from "../../client/progress";
import { isWell } from "../../protocol/report";
import type { DeviceView } from "../../protocol/status";
import { reports, type Fleet } from "./fleet";
import { describe } from "./verdict";

const POLL_MS = 1000;
/** If the lab is not healthy after this time, something is wrong, seconds. */
const SETTLE_SECONDS = 180;

/**
 * Waits until every device is green and able to start the app, the virtual IP has one owner and the app answers on it.
 * @param why begins the progress lines and the error
 */
export async function settle(fleet: Fleet, why: string): Promise<DeviceView[]> {
  const progress = new Progress(why);
  const names = fleet.devices.map((d) => d.name);
  let app = "not asked yet";
  while (progress.seconds < SETTLE_SECONDS) {
    const all = (await reports(fleet.depot)).filter((d) => names.includes(d.name));
    const well = all.filter((d) => isWell(d.report)).length;
    const owners = all.filter((d) => d.report?.vip).map((d) => d.name);
    if (well === names.length && owners.length === 1) {
      const answer = await askApp(fleet.appUrl);
      if (answer.ok) {
        progress.say(
          `healthy: ${owners[0]} owns the VIP, the app answered in ${answer.seconds.toFixed(1)} s`,
        );
        return all;
      }
      app = answer.text;
    }
    progress.say(
      `${well}/${names.length} devices healthy, VIP on ${owners.join(" and ") || "no device"}, app: ${app}`,
    );
    await sleep(POLL_MS);
  }
  const state = describe(await reports(fleet.depot), names);
  throw new LabError(
    `${why}: not healthy after ${SETTLE_SECONDS} s: ${state}; app at ${fleet.appUrl}: ${app}`,
  );
}
