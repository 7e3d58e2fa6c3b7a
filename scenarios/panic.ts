import { runBadRelease } from "./engine/badRelease";
import { faults } from "./engine/faults";
import { needsDevices } from "./engine/fit";
import type { Scenario } from "./engine/scenario";

export const panic: Scenario = {
  summary: "a release panics at every boot (--in initramfs or system)",
  // With one device the VIP has nowhere to go.
  unfit: needsDevices(2),
  run: (run) =>
    runBadRelease(run, {
      name: "panic",
      difference: ({ options }) =>
        options.where === "initramfs" ? faults.panicInitramfs : faults.panicSystem,
      check: "none",
    }),
};
