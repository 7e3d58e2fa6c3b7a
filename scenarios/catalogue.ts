import { alteredCommit } from "./alteredCommit";
import { appUpdate, badImage } from "./appUpdate";
import { autoRestart } from "./autoRestart";
import { fullDisk } from "./fullDisk";
import { hang, panic, rollback } from "./badRelease";
import { failover } from "./failover";
import { osUpgrade } from "./osUpgrade";
import { partition } from "./partition";
import { powerCut } from "./powerCut";
import { registryDown } from "./registryDown";
import { scaleFromZero } from "./scaleFromZero";
import type { Scenario } from "./engine/scenario";

/** All scenarios, by the name that `lab scenario` knows them by. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  "os-upgrade": osUpgrade,
  rollback,
  panic,
  hang,
  "power-cut": powerCut,
  "altered-commit": alteredCommit,
  "full-disk": fullDisk,
  "scale-from-zero": scaleFromZero,
  failover,
  partition,
  "auto-restart": autoRestart,
  "app-update": appUpdate,
  "bad-image": badImage,
  "registry-down": registryDown,
};
