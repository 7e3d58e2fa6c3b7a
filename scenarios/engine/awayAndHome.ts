import { askApp } from "../../client/appProbe";
import { waitFor } from "../../client/wait";
import type { Figures, Run } from "./scenario";
import type { VipWatch } from "./vipWatch";

/** Time for the VIP to leave a device whose app cannot answer, from the moment when that shows. */
export const LEAVE_SECONDS = 15;
/** Time for the device to mend its app, without KVM: it may fetch the image again and try it. */
const MEND_SECONDS = 300;
/** Time for one request. */
const ANSWER_SECONDS = 10;

/**
 * Holds that the VIP leaves a device whose app cannot answer from now on, that another one answers, and that the VIP
 * comes home once the device has mended its app.
 * @param longest how long the VIP may stay, seconds
 */
export async function awayAndHome(
  { lab, timeline, invariants }: Run,
  watch: VipWatch,
  owner: string,
  longest: number,
): Promise<Figures> {
  const begun = timeline.seconds;
  const since = (): number => Math.round((timeline.seconds - begun) * 10) / 10;
  const alone = lab.names.length === 1;
  const left = await waitFor(MEND_SECONDS, () => Promise.resolve(alone || watch.owner !== owner), 100);
  const leftAfter = left && since();
  invariants.hold(
    "the VIP leaves the device whose app cannot answer",
    leftAfter !== undefined && leftAfter <= longest,
    `after ${leftAfter ?? "never"} s of ${longest} s`,
  );
  const answered = await waitFor(MEND_SECONDS, async () => (await askApp(lab.appUrl, ANSWER_SECONDS)).ok);
  const answeredAfter = answered && since();
  invariants.hold(
    "another device answers",
    answered !== undefined,
    `${answeredAfter ?? "never"} s after the request`,
  );
  const home = await waitFor(MEND_SECONDS, () => Promise.resolve(watch.owner === owner), 100);
  const homeAfter = home && since();
  invariants.hold(`the VIP comes home to ${owner}`, home !== undefined, `after ${homeAfter ?? "never"} s`);
  return {
    "seconds until the VIP left": leftAfter ?? "never",
    "seconds until an answer": answeredAfter ?? "never",
    "seconds until the VIP was home": homeAfter ?? "never",
  };
}
