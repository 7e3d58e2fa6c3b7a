/**
 * Restores what a killed rollout left: the ref, its summary, and the target that the depot tells the devices. Runs
 * before each run of Pulumi; does nothing if no rollout was left unfinished.
 */
import { DepotClient } from "../../client/depotClient";
import { requiredEnv, runProgram } from "../../client/program";
import { Marker } from "./marker";
import { endUnfinished } from "./withdrawal";
import { printError } from "../../client/terminal";

async function main(): Promise<void> {
  const stateDir = requiredEnv("EDGE_STATE_DIR");
  const unfinished = new Marker(stateDir).read();
  if (!unfinished) return;
  const ended = await endUnfinished(stateDir, new DepotClient(stateDir), unfinished);
  const what = {
    withdrawn: "is withdrawn: its program was killed",
    done: "has ended: every device runs it",
    another: "is watched by another run",
  }[ended];
  printError(`recover: the rollout of ${unfinished.version} ${what}\n`);
}

runProgram(main);
