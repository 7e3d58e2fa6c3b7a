import { runBadRelease } from "./engine/badRelease";
import { faults } from "./engine/faults";
import type { Scenario } from "./engine/scenario";

export const hang: Scenario = {
  summary: "a release hangs at every boot (--in initramfs or system)",
  run: (run) =>
    runBadRelease(run, {
      name: "hang",
      difference: ({ options }) => (options.where === "initramfs" ? faults.hangInitramfs : faults.hangSystem),
      check: "none",
    }),
};
