/**
 * Runs one scenario, or all that fit, on the running lab: reads {name, options, lab} from standard input, prints the
 * timeline to standard error and the result, one JSON document, to standard output. Exits with status 1 if an invariant
 * broke.
 */
import { readFileSync } from "node:fs";

import { z } from "zod";

import { LabError } from "../client/labError";
import { runProgram } from "../client/program";
import { ALL, scenarios } from "./catalogue";
import { runAll } from "./engine/allRuns";
import { labInput, RunningLab } from "./engine/runningLab";
import { runScenario } from "./engine/singleRun";
import { print, printError } from "../client/terminal";

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

async function main(): Promise<void> {
  const { name, options, lab: labOf } = input.parse(JSON.parse(readFileSync(0, "utf8")));
  const scenario = scenarios[name];
  const say = (line: string): void => printError(`${line}\n`);
  const lab = await RunningLab.open(labOf);
  let result;
  if (name === ALL) {
    result = await runAll(scenarios, {
      seed: options.seed,
      say,
      unfit: (one) => one.unfit?.(lab),
      run: (one, each) => runScenario(one, each, options, lab, say),
    });
  } else if (scenario) {
    result = await runScenario(name, scenario, options, lab, say);
  } else {
    throw new LabError(`there is no scenario ${name}`);
  }
  print(`${JSON.stringify(result, null, 2)}\n`);
  if (!result.ok) process.exitCode = 1;
}

runProgram(main);
