import { x } from "tinyexec";
import { z } from "zod";

import { LabError } from "../../client/labError";
import { inState } from "../../protocol/paths";
import type { RunningLab } from "./runningLab";

/** A file of a derived release, below /usr. */
export type DerivedFile =
  | { readonly path: string; readonly content: string; readonly mode?: string }
  | { readonly path: string; readonly target: string };

/** How a derived release differs from its base. */
export interface Difference {
  readonly files: readonly DerivedFile[];
  /** An /init that replaces the initramfs's own. */
  readonly initramfs?: string;
  /** Time in the commit, ISO 8601; default: now. */
  readonly timestamp?: string;
}

/** A commit created by a scenario. */
export interface DerivedRelease {
  readonly version: string;
  readonly commit: string;
  /** Commit that it is derived from. */
  readonly base: string;
  /** Size of the static delta from its base. */
  readonly delta: { readonly bytes: number; readonly files: number };
}

const answer = z.object({
  commit: z.string(),
  delta: z.object({ bytes: z.number(), files: z.number() }),
});

/** Runs ostree on the depot's repository; an error ends the scenario. */
export async function ostree(lab: RunningLab, ...args: string[]): Promise<string> {
  const result = await x("ostree", [`--repo=${inState(lab.stateDir, "repo")}`, ...args], {
    throwOnError: false,
  });
  if (result.exitCode !== 0) throw new LabError(`ostree ${args.join(" ")}: ${result.stderr.trim()}`);
  return result.stdout.trim();
}

/** Version of a release derived from `version`: semantic versioning's build metadata, never the same twice. */
export function derivedVersion(version: string, name: string, now = new Date()): string {
  const stamp = now.toISOString().replace(/[-:.]/g, "");
  return `${version.split("+")[0]}+${name}.${stamp}`;
}

/**
 * Derives a release from another one by adding a few files; signed like every release.
 * @param ref ref that the commit is bound to: devices accept it under no other name
 */
export async function derive(
  lab: RunningLab,
  base: { commit: string; version: string },
  name: string,
  difference: Difference,
  ref = lab.refName,
): Promise<DerivedRelease> {
  lab.allowed();
  const version = derivedVersion(base.version, name);
  const request = {
    stateDir: lab.stateDir,
    repo: inState(lab.stateDir, "repo"),
    base: base.commit,
    version,
    ref,
    files: difference.files,
    initramfs: difference.initramfs ?? null,
    timestamp: difference.timestamp ?? null,
  };
  const verb = `assets/builders/${lab.input.builder}/derive`;
  const result = await x(verb, [], { throwOnError: false, stdin: JSON.stringify(request) });
  if (result.exitCode !== 0) throw new LabError(`${verb}: ${result.stderr.trim()}`);
  return { version, base: base.commit, ...answer.parse(JSON.parse(result.stdout)) };
}

/** Removes derived releases that no device follows, with their deltas and objects. */
export async function forget(lab: RunningLab): Promise<void> {
  const refs = (await ostree(lab, "refs", "--list", "scenario")).split("\n").filter(Boolean);
  for (const ref of refs) await ostree(lab, "refs", "--delete", ref);
  if (refs.length === 0) return;
  await ostree(lab, "prune", "--refs-only");
  await ostree(lab, "summary", "-u");
}

/**
 * The release that the stack has published. A killed scenario leaves the ref on a release of its own, so the ref moves
 * back first.
 */
export async function publishedRelease(lab: RunningLab): Promise<{ commit: string; version: string }> {
  let commit = await lab.ref.current();
  for (;;) {
    const version = await ostree(lab, "show", "--print-metadata-key=version", commit);
    const text = version.replace(/^'(.*)'$/, "$1");
    if (!text.includes("+")) {
      if ((await lab.ref.current()) !== commit) await lab.ref.move(commit);
      return { commit, version: text };
    }
    commit = await ostree(lab, "rev-parse", `${commit}^`);
  }
}
