import { alteredCommit } from "./alteredCommit";
import { appHang } from "./appHang";
import { appUpdate } from "./appUpdate";
import { autoRestart } from "./autoRestart";
import { badImage } from "./badImage";
import { busyHost } from "./busyHost";
import { clockSkew } from "./clockSkew";
import { damagedGrubenv } from "./damagedGrubenv";
import { damagedStorage } from "./damagedStorage";
import { etcConflict } from "./etcConflict";
import { failover } from "./failover";
import { fullDisk } from "./fullDisk";
import { fullVar } from "./fullVar";
import { hang } from "./hang";
import { osUpgrade } from "./osUpgrade";
import { panic } from "./panic";
import { partition } from "./partition";
import { powerCut } from "./powerCut";
import { registryDown } from "./registryDown";
import { rollback } from "./rollback";
import { scaleFromZero } from "./scaleFromZero";
import { threeDevices } from "./threeDevices";
import type { Scenario } from "./engine/scenario";

/** Runs all that fit the lab; no scenario has this name. */
export const ALL = "all";

/** All scenarios, by their names for `lab scenario`. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  "os-upgrade": osUpgrade,
  rollback,
  panic,
  hang,
  "power-cut": powerCut,
  "altered-commit": alteredCommit,
  "full-disk": fullDisk,
  "full-var": fullVar,
  "etc-conflict": etcConflict,
  "damaged-grubenv": damagedGrubenv,
  "busy-host": busyHost,
  "clock-skew": clockSkew,
  "scale-from-zero": scaleFromZero,
  failover,
  partition,
  "three-devices": threeDevices,
  "auto-restart": autoRestart,
  "app-update": appUpdate,
  "bad-image": badImage,
  "damaged-storage": damagedStorage,
  "app-hang": appHang,
  "registry-down": registryDown,
};
