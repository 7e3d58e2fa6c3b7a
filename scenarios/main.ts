/**
 * Runs one scenario on the running lab: reads {name, options, lab} from standard input, prints the timeline to standard
 * error and the result, one JSON document, to standard output. Exits with status 1 if an invariant broke.
 */
import { readFileSync } from "node:fs";

import { z } from "zod";

import { LabError } from "../client/labError";
import { runProgram } from "../client/program";
import { Fetched } from "../operations/rollout/fetched";
import { reports } from "../operations/rollout/fleet";
import { settle } from "../operations/rollout/settle";
import { leaveVolatileDisk } from "./engine/volatilePower";
import { forget, publishedRelease } from "./engine/derivedRelease";
import { Invariants } from "./engine/invariants";
import { Observer } from "./engine/observer";
import { outcome, publish, type Publication } from "./engine/publish";
import { scenarios } from "./catalogue";
import { labInput, RunningLab } from "./engine/runningLab";
import type { Figures } from "./engine/scenario";
import { Timeline } from "./engine/timeline";
import { Undo } from "./engine/undo";

/** Time for all devices, one after the other, without KVM. */
const RETURN_SECONDS = 900;

const input = z.object({
  name: z.string(),
  options: z.object({
    seed: z.number().int(),
    cuts: z.number().int().min(1),
    loseUnflushed: z.boolean(),
    where: z.enum(["initramfs", "system"]),
  }),
  lab: labInput,
});

/** Brings devices that an earlier scenario left on its own release back to the published one. */
async function comeBack(lab: RunningLab, timeline: Timeline, base: Publication): Promise<void> {
  const away = (await reports(lab.depot)).filter((d) => d.report?.booted.commit !== base.commit);
  if (away.length === 0) return;
  await publish(lab, timeline, base);
  const verdict = await outcome(lab, base, RETURN_SECONDS);
  if (verdict.kind !== "done") {
    throw new LabError(
      `${away.map((d) => d.name).join(", ")} did not come back to ${base.version} within ${RETURN_SECONDS} s; npm run lab -- status shows where they are`,
    );
  }
  await settle(lab, "lab");
}

async function main(): Promise<void> {
  const { name, options, lab: labOf } = input.parse(JSON.parse(readFileSync(0, "utf8")));
  const scenario = scenarios[name];
  if (!scenario) throw new LabError(`there is no scenario ${name}`);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const lab = await RunningLab.open(labOf);
  for (const name of lab.names) await leaveVolatileDisk(lab, name);
  const base = await publishedRelease(lab);
  await settle(lab, "lab");
  const timeline = new Timeline(say);
  await comeBack(lab, timeline, base);
  await forget(lab);
  const invariants = new Invariants(say);
  const observer = await Observer.start(lab, timeline);
  const fetched = await Fetched.since(lab.depot);
  let figures: Figures = {};
  const undo = new Undo();
  undo.add(async () => {
    if ((await lab.ref.current()) !== base.commit) await lab.ref.move(base.commit);
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      say(`${signal}: the lab is put back as it was, on ${base.version}`);
      undo.all().then(
        () => process.exit(130),
        (e: unknown) => {
          say(`error: ${(e as Error).message}`);
          process.exit(130);
        },
      );
    });
  }
  try {
    figures = await scenario.run({ lab, timeline, invariants, options, undo, base });
  } finally {
    await undo.all();
    await observer.stop();
  }
  await forget(lab);
  const counts = await fetched.byDevice();
  for (const { device, files, bytes } of counts) {
    say(`${device} fetched ${files} files, ${bytes} bytes in all`);
  }
  const result = {
    scenario: name,
    ok: invariants.held,
    seconds: timeline.seconds,
    options,
    base,
    figures,
    fetched: counts,
    invariants: invariants.all,
    timeline: timeline.events,
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  if (!invariants.held) process.exitCode = 1;
}

runProgram(main);
