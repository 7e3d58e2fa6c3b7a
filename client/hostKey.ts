/** The ssh host keys of devices: each tells its own on its console, which no other machine writes. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { inState } from "../protocol/paths";
import { readConsole } from "./console";

/** A whole key of the one type that devices have; half a line is none. */
const TOLD = /^edge: host key (ssh-ed25519 [A-Za-z0-9+/]{68})\s*$/gm;

/** The key that a console's text names last, in OpenSSH's format. */
export function hostKeyOf(text: string): string | undefined {
  return [...text.matchAll(TOLD)].pop()?.[1];
}

/** A device whose host key is to be known. */
export interface KeyOwner {
  readonly stateDir: string;
  readonly device: string;
  readonly address: string;
}

/**
 * Pins the key that the device's console names, in the place of any other for its address. A console without one leaves
 * what is pinned: an image of an earlier version tells none, and a log ends with its rotation.
 */
export function pinHostKey({ stateDir, device, address }: KeyOwner): void {
  const key = hostKeyOf(readConsole(stateDir, device));
  if (key === undefined) return;
  const path = inState(stateDir, "knownHosts");
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
  const own = `${address} ${key}`;
  const known = lines.filter((line) => line.split(" ")[0] === address);
  if (known.length === 1 && known[0] === own) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Two devices may be pinned at the same moment.
  if (known.length === 0) {
    appendFileSync(path, `${own}\n`, { mode: 0o600 });
    return;
  }
  const others = lines.filter((line) => line !== "" && !known.includes(line));
  writeFileSync(`${path}.${device}`, `${[...others, own].join("\n")}\n`, { mode: 0o600 });
  renameSync(`${path}.${device}`, path);
}
