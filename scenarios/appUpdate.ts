import { askApp } from "../client/appProbe";
import { allHaveImage, untilZero } from "./engine/app";
import { LIMIT_SECONDS, within, withTag } from "./engine/prodTag";
import type { RegistryClient } from "./engine/registryClient";
import type { Scenario } from "./engine/scenario";
import { APP } from "../protocol/names";

/** Interval of the devices' timer, seconds. */
const TIMER_SECONDS = 15;

/** The other one of the app's two versions. */
async function otherRelease(registry: RegistryClient, prod: string): Promise<string> {
  return (await registry.digest("v1")) === prod ? "v2" : "v1";
}

/** `prod` moves to the other version, while the app runs and while it is at zero. */
export const appUpdate: Scenario = {
  summary:
    "prod is retagged while the app runs, and back while it is at zero; the VIP answers with the new one",
  run: (run) =>
    withTag(run, async (registry, prod) => {
      const { lab, timeline, invariants } = run;
      const before = await askApp(lab.appUrl);
      const other = await otherRelease(registry, prod);
      await registry.tag(other, APP.tag);
      timeline.mark("lab", "retagged", `prod is ${other}, the app runs`);
      let after = before;
      const whileRunning = await within(LIMIT_SECONDS, async () => {
        after = await askApp(lab.appUrl);
        return after.ok && after.text !== before.text;
      });
      timeline.mark("lab", "new text", `${whileRunning ?? "never"} s`);
      invariants.hold("a running app is updated", whileRunning !== undefined);

      invariants.hold(
        "the app goes to zero",
        (await untilZero(lab, lab.input.idleSeconds + 60)) !== undefined,
      );
      await registry.tag(prod, APP.tag);
      timeline.mark("lab", "retagged", "prod is the first one again, the app is at zero");
      const atZero = await within(LIMIT_SECONDS, () => allHaveImage(lab, prod));
      const next = await askApp(lab.appUrl);
      timeline.mark("lab", "next request", `${atZero ?? "never"} s after the retagging it would be new`);
      invariants.equal("the next request is served by the new image", next.text, before.text);
      return {
        "timer, seconds": TIMER_SECONDS,
        "retagged to new text while running, seconds": whileRunning ?? "never",
        "retagged to new image at zero, seconds": atZero ?? "never",
      };
    }),
};
