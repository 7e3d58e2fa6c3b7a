import { labContext, type LabContext } from "../../client/context";
import { DepotClient } from "../../client/depotClient";
import { LabError } from "../../client/labError";
import { runOnDevice } from "../../client/ssh";
import { deviceProgram } from "../../protocol/paths";
import { deviceNamed } from "./shell";
import { print } from "../../client/terminal";

/** Includes a report to the depot, from a busy emulated device. */
const LIMIT_SECONDS = 90;

type Device = LabContext["config"]["devices"][number];

function chosen(ctx: LabContext, name: string | undefined, all: boolean): readonly Device[] {
  if (name !== undefined && !all) return [deviceNamed(ctx, name)];
  if (name === undefined && all) return ctx.config.devices;
  throw new LabError("which device? rule: one device, or --all; fix: npm run lab -- retry DEVICE");
}

/** Makes one device forget its failed commits, and returns them. */
async function forget(ctx: LabContext, { name, address }: Device): Promise<string[]> {
  const { exitCode, stdout, stderr } = await runOnDevice(
    ctx.stateDir,
    address,
    `sudo ${deviceProgram("retry")}`,
    LIMIT_SECONDS,
  );
  if (exitCode === 0) return stdout.split("\n").filter((line) => line !== "");
  const why = stderr.trim().split("\n").pop() ?? "";
  throw new LabError(`${name} did not forget anything: status ${exitCode}: ${why}`);
}

/** `lab retry DEVICE|--all`: devices forget the commits that failed on them and take them again. */
export async function retry(name: string | undefined, options: { all: boolean }): Promise<number> {
  const ctx = labContext();
  const depot = new DepotClient(ctx.stateDir);
  const devices = chosen(ctx, name, options.all);
  const results = await Promise.allSettled(devices.map((device) => forget(ctx, device)));
  for (const [i, result] of results.entries()) {
    if (result.status === "rejected") continue;
    for (const commit of result.value) await depot.forgetHalt(commit);
    const commits = result.value.map((commit) => commit.slice(0, 12)).join(", ");
    print(
      `${devices[i]?.name ?? ""}: ${commits === "" ? "nothing had failed" : `forgot ${commits}; npm run up rolls it out again`}\n`,
    );
  }
  const failed = results.filter((r) => r.status === "rejected");
  if (failed.length > 0) throw new LabError(failed.map((r) => (r.reason as Error).message).join("; "));
  return 0;
}
