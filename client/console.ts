import { existsSync, readFileSync } from "node:fs";

import { consoleLog } from "../protocol/paths";
import { printable } from "../protocol/text";

/** Text of a device's console without escape sequences, including virtlogd's rotated files; empty if there is none. */
export function readConsole(stateDir: string, device: string): string {
  const path = consoleLog(stateDir, device);
  return [`${path}.1`, `${path}.0`, path]
    .filter((p) => existsSync(p))
    .map((p) => readFileSync(p, "latin1"))
    .map((text) => printable(text.replace(/\r+\n/g, "\n")))
    .join("");
}

/** The last non-blank lines of a text. */
export function lastLines(text: string, count: number): string[] {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .slice(-count);
}

/** State of an installation, read from the console. */
export type InstallState =
  | { readonly kind: "waiting"; readonly step: string | undefined }
  | { readonly kind: "complete" }
  | { readonly kind: "failed"; readonly reason: string };

const MARK = /edge-install: (.*)$/;

/** Finds the installer's own lines in a console text. */
export function installState(text: string): InstallState {
  const steps = text.split("\n").flatMap((line) => MARK.exec(line)?.[1]?.trim() ?? []);
  const failed = steps.find((s) => s.startsWith("FAILED"));
  if (failed !== undefined) return { kind: "failed", reason: failed.replace(/^FAILED:?\s*/, "") };
  if (steps.some((s) => /(^|\s)complete$/.test(s))) return { kind: "complete" };
  return { kind: "waiting", step: steps[steps.length - 1] };
}

/** Uptime of the installer at its last line, seconds; undefined if it has not finished. */
export function installSeconds(text: string): number | undefined {
  const seconds = /edge-install: ([0-9.]+) complete/.exec(text)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
