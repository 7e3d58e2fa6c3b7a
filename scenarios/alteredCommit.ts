import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { inState } from "../protocol/paths";
import { derive, ostree, type DerivedRelease } from "./engine/derivedRelease";
import type { Figures, Run, Scenario } from "./engine/scenario";

const PATH = "/usr/share/edge/scenario.txt";

/** One way to alter what the depot serves. */
interface Alteration {
  readonly what: string;
  /** Ref that the commit is bound to; default: the published one. */
  readonly boundTo?: string;
  /** Alters it in the depot's repository; returns the commit for the ref to name. */
  readonly alter: (run: Run, release: DerivedRelease) => Promise<string>;
}

function flipByte(file: string): void {
  const bytes = readFileSync(file);
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 0xff, middle);
  writeFileSync(file, bytes);
}

/** The largest part of a release's static delta. */
function deltaPart(repo: string, release: DerivedRelease): string {
  const files = readdirSync(join(repo, "deltas"), { recursive: true, encoding: "utf8" })
    .map((name) => join(repo, "deltas", name))
    .filter((file) => /\/\d+$/.test(file) && statSync(file).mtimeMs > Date.now() - 60_000);
  const [largest] = files.sort((a, b) => statSync(b).size - statSync(a).size);
  if (!largest) throw new Error(`release ${release.version} has no delta`);
  return largest;
}

/** The repository file with the object of the release's own file; needed because the delta is gone. */
async function ownObject(run: Run, release: DerivedRelease): Promise<string> {
  const { lab } = run;
  await ostree(lab, "static-delta", "delete", `${release.base}-${release.commit}`);
  await ostree(lab, "summary", "-u");
  const line = await ostree(lab, "ls", "--checksum", release.commit, PATH);
  const checksum = /\b[0-9a-f]{64}\b/.exec(line)?.[0] ?? "";
  return join(inState(lab.stateDir, "repo"), "objects", checksum.slice(0, 2), `${checksum.slice(2)}.filez`);
}

const ALTERATIONS: readonly Alteration[] = [
  {
    what: "a delta with a flipped byte",
    alter: async ({ lab }, release) => {
      flipByte(deltaPart(inState(lab.stateDir, "repo"), release));
      return release.commit;
    },
  },
  {
    what: "an object with a flipped byte",
    alter: async (run, release) => {
      flipByte(await ownObject(run, release));
      return release.commit;
    },
  },
  {
    what: "an object that is cut short",
    alter: async (run, release) => {
      const file = await ownObject(run, release);
      truncateSync(file, Math.floor(statSync(file).size / 2));
      return release.commit;
    },
  },
  {
    what: "a commit without a signature",
    alter: async ({ lab }, release) => {
      return ostree(
        lab,
        "commit",
        `--branch=scenario/unsigned`,
        `--bind-ref=${lab.refName}`,
        `--parent=${release.base}`,
        `--tree=ref=${release.commit}`,
        "--bootable",
        `--add-metadata-string=version=${release.version}`,
      );
    },
  },
  {
    what: "a signed commit of another ref",
    boundTo: "some/other/ref",
    alter: async (_, release) => release.commit,
  },
];

/** The depot serves altered commits: the device rejects each of them. */
export const alteredCommit: Scenario = {
  summary:
    "the depot serves flipped, cut, unsigned and foreign content; the device refuses all of it and says why",
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, base } = run;
    const device = await lab.follower();
    const boot = await lab.ask(device, "cat /proc/sys/kernel/random/boot_id");
    const figures: Record<string, string> = {};
    for (const { what, boundTo, alter } of ALTERATIONS) {
      const content = `${what}\n`.repeat(200);
      const release = await derive(lab, base, "altered", { files: [{ path: PATH, content }] }, boundTo);
      const commit = await alter(run, release);
      await lab.depot.startRollout(commit, release.version);
      await lab.ref.move(commit);
      timeline.mark("lab", "published", what);
      await lab.update(device);
      const report = await lab.report(device);
      const error = report?.updateError;
      const refused = error?.commit === commit && !report?.staged;
      const said = error?.output.trim().split("\n").pop();
      invariants.hold(`${what} is refused`, refused, said ?? "no error");
      figures[what] = said ?? "";
      await lab.ref.move(base.commit);
      await lab.update(device);
    }
    const report = await lab.report(device);
    invariants.equal(`${device} has nothing to complain of any more`, report?.updateError ?? null, null);
    invariants.equal(`${device} runs the right commit`, report?.booted.commit, base.commit);
    const after = await lab.ask(device, "cat /proc/sys/kernel/random/boot_id");
    invariants.equal(`${device} did not reboot`, after, boot);
    return figures;
  },
};
