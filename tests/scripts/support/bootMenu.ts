import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import type { Guest } from "./guest";

const GRUB_CFG = "assets/builders/debian/installer/grub.cfg";

/** How the boot before ended, as grub.cfg finds it. */
export type End = "w" | "r" | "p" | "?";

/** What the boot menu decides. */
export interface Choice {
  /** Entry of the menu: 0 is the default deployment, 1 the one before. */
  readonly entry: number;
  /** Ticks of the watchdog that it starts; empty if it starts none. */
  readonly watchdog: string;
}

/** Runs the counting part of the device's boot menu, on the guest's environment block. */
export function bootMenu(guest: Guest, end: End = "r"): Choice {
  const text = readFileSync(GRUB_CFG, "utf8");
  const counting = text.slice(text.indexOf("set ended="), text.indexOf("# From here on a watchdog"));
  assert.match(counting, /load_env\n[^]*save_env boot_success/);
  // GRUB's commands in bash, whose syntax for these lines is the same.
  const output = guest.bash(`
    FILE=$EDGE_ROOT/boot/grub/grubenv
    load_env() { while IFS='=' read -r name value; do [[ $name != boot_* ]] || declare -g "$name=$value"; done <"$FILE"; }
    save_env() { grub-editenv "$FILE" set "$1=\${!1}"; }
    set() { declare -g "$1"; }
    default=0 boot_end=${end} boot_began=1:2:3
    ${counting}
    echo "$default \${armed:+$boot_watchdog_now}"`);
  const [entry = "", watchdog = ""] = (output.trim().split("\n").at(-1) ?? "").split(" ");
  return { entry: Number(entry), watchdog };
}
