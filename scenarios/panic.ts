import { runBadRelease } from "./engine/badRelease";
import { faults } from "./engine/faults";
import type { Scenario } from "./engine/scenario";

export const panic: Scenario = {
  summary: "a release panics at every boot (--in initramfs or system)",
  run: (run) =>
    runBadRelease(run, {
      name: "panic",
      difference: ({ options }) =>
        options.where === "initramfs" ? faults.panicInitramfs : faults.panicSystem,
      check: "none",
    }),
};
