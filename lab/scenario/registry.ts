import { hang, panic, rollback } from "./badRelease";
import { osUpgrade } from "./osUpgrade";
import { powerCut } from "./powerCut";
import type { Scenario } from "./scenario";

/** All scenarios, by the name that `lab scenario` knows them by. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  "os-upgrade": osUpgrade,
  rollback,
  panic,
  hang,
  "power-cut": powerCut,
};
