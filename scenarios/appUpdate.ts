import { askApp } from "../client/appProbe";
import { allHaveImage, appOf, untilZero } from "./engine/app";
import { RegistryClient } from "./engine/registryClient";
import type { Figures, Run, Scenario } from "./engine/scenario";
import { waitFor } from "../client/wait";

/** The devices' timer, seconds. */
const TIMER_SECONDS = 15;
/** Timer, fetch, trial and restart on an emulated device that does other things as well. */
const LIMIT_SECONDS = 180;

/** Seconds, in tenths, that it took until something held; undefined where it did not. */
async function within(limitSeconds: number, holds: () => Promise<boolean>): Promise<number | undefined> {
  const found = await waitFor(limitSeconds, holds);
  return found && Math.round(found.seconds * 10) / 10;
}

/** The other one of the app's two versions. */
async function otherRelease(registry: RegistryClient, prod: string): Promise<string> {
  return (await registry.digest("v1")) === prod ? "v2" : "v1";
}

/** Runs a part with `prod` as the scenario wants it, and puts it back whatever happens. */
async function withTag(
  run: Run,
  part: (registry: RegistryClient, prod: string) => Promise<Figures>,
): Promise<Figures> {
  const { lab, timeline, undo } = run;
  const registry = new RegistryClient(lab.input.registry);
  const prod = await registry.digest("prod");
  const restore = undo.add(() => registry.tag(prod, "prod"));
  const figures = await part(registry, prod);
  await restore();
  timeline.mark("lab", "prod is as before");
  const back = await within(LIMIT_SECONDS, () => allHaveImage(lab, prod));
  run.invariants.hold("every device has the first image again", back !== undefined);
  return figures;
}

/** `prod` is moved to the other version: while the app runs, and while it is at zero. */
export const appUpdate: Scenario = {
  summary:
    "prod is retagged while the app runs, and back while it is at zero; the VIP answers with the new one",
  run: (run) =>
    withTag(run, async (registry, prod) => {
      const { lab, timeline, invariants } = run;
      const before = await askApp(lab.appUrl);
      const other = await otherRelease(registry, prod);
      await registry.tag(other, "prod");
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
      await registry.tag(prod, "prod");
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

/** Commands that make an image bad. */
const BAD: Readonly<Record<string, readonly string[]>> = {
  "exits at once": ["/usr/bin/false"],
  "never listens": ["/usr/bin/sleep", "3600"],
};

/** Images that exit, or never listen, are refused: the old one stays. */
export const badImage: Scenario = {
  summary: "prod is moved to images that do not work; the devices refuse them and say so, the old text stays",
  run: (run) =>
    withTag(run, async (registry, prod) => {
      const { lab, timeline, invariants } = run;
      const owner = await lab.owner();
      const figures: Record<string, number | string> = {};
      for (const [how, command] of Object.entries(BAD)) {
        const before = await askApp(lab.appUrl);
        const digest = await registry.withCommand(prod, "prod", command);
        timeline.mark("lab", "retagged", `prod is an image that ${how}`);
        const seconds = await within(LIMIT_SECONDS, async () => (await appOf(lab, owner)).refused === digest);
        timeline.mark(owner, "refused", `${seconds ?? "never"} s`);
        invariants.hold(`an image that ${how} is refused`, seconds !== undefined);
        const answer = await askApp(lab.appUrl);
        invariants.equal("the old text stays", answer.text === before.text, true);
        await lab.ask(owner, "sudo /usr/libexec/edge/report periodic");
        const said = (await lab.report(owner))?.app ?? "";
        const reported = said.includes(digest);
        invariants.hold("the device reports what it refused", reported, reported ? "" : said);
        figures[`refused an image that ${how}, seconds after the retagging`] = seconds ?? "never";
      }
      return figures;
    }),
};
