import { alteredCommit } from "./alteredCommit";
import { appUpdate } from "./appUpdate";
import { autoRestart } from "./autoRestart";
import { badImage } from "./badImage";
import { failover } from "./failover";
import { fullDisk } from "./fullDisk";
import { hang } from "./hang";
import { osUpgrade } from "./osUpgrade";
import { panic } from "./panic";
import { partition } from "./partition";
import { powerCut } from "./powerCut";
import { registryDown } from "./registryDown";
import { rollback } from "./rollback";
import { scaleFromZero } from "./scaleFromZero";
import type { Scenario } from "./engine/scenario";

/** All scenarios, by their names for `lab scenario`. */
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
