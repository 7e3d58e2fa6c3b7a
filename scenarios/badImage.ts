import { askApp } from "../client/appProbe";
import { APP } from "../protocol/names";
import { deviceProgram } from "../protocol/paths";
import { appOf } from "./engine/app";
import { LIMIT_SECONDS, within, withTag } from "./engine/prodTag";
import type { Scenario } from "./engine/scenario";

/** Commands that make an image bad. */
const BAD: Readonly<Record<string, readonly string[]>> = {
  "exits at once": ["/usr/bin/false"],
  "never listens": ["/usr/bin/sleep", "3600"],
};

/** Devices reject images that exit or never listen, and keep the old one. */
export const badImage: Scenario = {
  summary: "prod is moved to images that do not work; the devices refuse them and say so, the old text stays",
  run: (run) =>
    withTag(run, async (registry, prod) => {
      const { lab, timeline, invariants } = run;
      const owner = await lab.owner();
      const figures: Record<string, number | string> = {};
      for (const [how, command] of Object.entries(BAD)) {
        const before = await askApp(lab.appUrl);
        const digest = await registry.withCommand(prod, APP.tag, command);
        timeline.mark("lab", "retagged", `prod is an image that ${how}`);
        const seconds = await within(LIMIT_SECONDS, async () => (await appOf(lab, owner)).refused === digest);
        timeline.mark(owner, "refused", `${seconds ?? "never"} s`);
        invariants.hold(`an image that ${how} is refused`, seconds !== undefined);
        const answer = await askApp(lab.appUrl);
        invariants.equal("the old text stays", answer.text === before.text, true);
        await lab.ask(owner, `sudo ${deviceProgram("report")} periodic`);
        const said = (await lab.report(owner))?.app ?? "";
        const reported = said.includes(digest);
        invariants.hold("the device reports what it refused", reported, reported ? "" : said);
        figures[`refused an image that ${how}, seconds after the retagging`] = seconds ?? "never";
      }
      return figures;
    }),
};
