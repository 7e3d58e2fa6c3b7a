import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { lastLines, readConsole } from "../../client/console";
import { runOnDevice } from "../../client/ssh";
import type { DeviceView } from "../../protocol/status";
import { printable } from "../../protocol/text";

/** A rollout's failure on one device, as the user sees it. */
export interface Failure {
  readonly device: DeviceView;
  readonly commit: string;
  readonly version: string;
  readonly what: string;
}

const CONSOLE_LINES = 12;
/** Journal of the last boots: the health checks, and the warnings and errors around them. */
const JOURNAL =
  "sudo journalctl --no-pager -o short-iso -b -3..0 -p warning -u 'greenboot*' -u 'edge-*' -u 'ostree-*' | tail -n 400";

/** Saves the evidence in a folder of the state directory and returns the message for `pulumi up`. */
export async function collectEvidence(stateDir: string, failure: Failure): Promise<string> {
  const { device, commit, version } = failure;
  const bundle = join(stateDir, "evidence", `${device.name}-${commit.slice(0, 12)}`);
  mkdirSync(bundle, { recursive: true });
  const text = readConsole(stateDir, device.name);
  writeFileSync(join(bundle, "console.log"), text);
  writeFileSync(join(bundle, "report.json"), printable(`${JSON.stringify(device, null, 2)}\n`));
  // Without an address ssh fails, and its words are kept instead.
  const journal = await runOnDevice(stateDir, device.address ?? "", JOURNAL);
  writeFileSync(
    join(bundle, "journal.txt"),
    printable(journal.exitCode === 0 ? journal.stdout : journal.stderr),
  );
  const failed = device.report?.failed.find((f) => f.commit === commit);
  return [
    `rollout of ${version} failed on ${device.name}: ${failure.what}`,
    `  commit:  ${commit}`,
    `  check:   ${failed?.check ?? "none reported"}`,
    ...(failed?.output ?? "")
      .split("\n")
      .filter(Boolean)
      .map((line) => `  output:  ${line}`),
    `  now on:  ${device.report?.booted.version ?? "?"} (${device.report?.booted.commit.slice(0, 12) ?? "?"})`,
    "  console ends:",
    ...lastLines(text, CONSOLE_LINES).map((line) => `  | ${line}`),
    `  evidence: ${bundle}`,
  ].join("\n");
}
