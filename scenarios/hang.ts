import { runBadRelease } from "./engine/badRelease";
import { faults } from "./engine/faults";
import { needsDevices } from "./engine/fit";
import type { Scenario } from "./engine/scenario";

export const hang: Scenario = {
  summary: "a release hangs at every boot (--in initramfs or system)",
  // With one device the VIP has nowhere to go.
  unfit: needsDevices(2),
  run: (run) =>
    runBadRelease(run, {
      name: "hang",
      difference: ({ options }) => (options.where === "initramfs" ? faults.hangInitramfs : faults.hangSystem),
      check: "none",
    }),
};
