import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

import { labContext } from "../../client/context";
import { LabError } from "../../client/labError";
import { registryAddress } from "../../client/registryAddress";
import { inState } from "../../protocol/paths";
import { appUrl } from "../../protocol/ports";
import { ALL, scenarios } from "../../scenarios/catalogue";
import { allSchema, allSummary, resultSchema, summary } from "../scenarioSummary";
import { print } from "../../client/terminal";

/** Options from the command line, as text. */
export interface ScenarioWords {
  readonly json?: boolean;
  readonly seed?: string;
  readonly cuts?: string;
  readonly loseUnflushed?: boolean;
  readonly in?: string;
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new LabError(`${option} "${text}"; rule: a whole number from ${least} on; fix: ${option} ${least}`);
}

/** Validates the options before anything runs. */
export function parseScenario(
  name: string,
  words: ScenarioWords,
): { seed: number; cuts: number; loseUnflushed: boolean; where: string } {
  if (name !== ALL && !Object.hasOwn(scenarios, name)) {
    const list = Object.entries(scenarios).map(([n, s]) => `  ${n.padEnd(16)} ${s.summary}`);
    throw new LabError(
      `there is no scenario "${name}"; rule: ${ALL}, or one of these names:\n${list.join("\n")}`,
    );
  }
  const where = words.in ?? "system";
  if (where !== "system" && where !== "initramfs") {
    throw new LabError(`--in "${where}"; rule: initramfs or system; fix: --in system`);
  }
  const { loseUnflushed = false } = words;
  if (loseUnflushed && name !== "power-cut")
    throw new LabError(
      `--lose-unflushed with ${name}; rule: only power-cut cuts disks; fix: leave it out, or run power-cut`,
    );
  return {
    seed: wholeNumber("--seed", words.seed ?? String(Date.now() % 1_000_000), 0),
    cuts: wholeNumber("--cuts", words.cuts ?? "4", 1),
    loseUnflushed,
    where,
  };
}

/** `lab scenario NAME|all`: the exit status is 1 when an invariant broke. */
export async function scenario(name: string, words: ScenarioWords): Promise<number> {
  const options = parseScenario(name, words);
  const { config, stateDir } = labContext();
  if (!existsSync(inState(stateDir, "adminSocket"))) {
    throw new LabError("the lab is not up; fix: npm run up");
  }
  const { vip } = config.network;
  const request = {
    name,
    options,
    lab: {
      stateDir,
      builder: config.builder,
      libvirtUri: config.libvirtUri,
      vip,
      appUrl: appUrl(vip),
      registry: registryAddress(stateDir),
      idleSeconds: config.app.idleSeconds,
      devices: config.devices.map(({ name: device, role, address }) => ({ name: device, role, address })),
    },
  };
  const { status, stdout } = await run(JSON.stringify(request));
  if (words.json) print(stdout);
  else if (stdout !== "") {
    const document: unknown = JSON.parse(stdout);
    print(name === ALL ? allSummary(allSchema.parse(document)) : summary(name, resultSchema.parse(document)));
  }
  return status;
}

/** Runs the scenario as root, with its progress on standard error. */
function run(stdin: string): Promise<{ status: number; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn("./assets/host/node.sh", ["scenarios/main.ts"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let stdout = "";
    child.stdout.on("data", (d: Buffer) => (stdout += d.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ status: code ?? 1, stdout }));
    child.stdin.end(stdin);
  });
}
