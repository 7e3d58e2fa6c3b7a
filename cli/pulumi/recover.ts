import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { x } from "tinyexec";
import { z } from "zod";

import type { LabContext } from "../../client/context";
import { hostProgram } from "../../client/hostProgram";
import { LabError } from "../../client/labError";
import { inState } from "../../protocol/paths";
import { stackPath } from "../../lib/stateOwner";
import { askPulumi } from "./cli";
import { removeBegun } from "./partial";
import { endOrphans, isPulumi } from "./orphans";
import { removeUntracked, untracked, type Untracked } from "./untracked";
import { printError } from "../../client/terminal";

const PROJECT = "edge-lab";

const operation = z.looseObject({
  type: z.string(),
  resource: z.looseObject({
    urn: z.string(),
    type: z.string(),
    inputs: z.record(z.string(), z.unknown()).optional(),
  }),
});
const deployment = z.looseObject({
  deployment: z.looseObject({ pending_operations: z.array(operation).optional() }).nullish(),
});

function stackFile(ctx: LabContext): string {
  return stackPath(ctx.stateDir, ctx.stack);
}

/** True if the stack exists. */
export function stackExists(ctx: LabContext): boolean {
  return existsSync(stackFile(ctx));
}

const lockFile = z.object({ pid: z.number() });

/** Process ids of the holders of the stack's lock; 0 for an incomplete lock file. */
function lockHolders(ctx: LabContext): number[] {
  const dir = join(ctx.stateDir, "pulumi", ".pulumi", "locks", "organization", PROJECT, ctx.stack);
  if (!existsSync(dir)) return [];
  return readdirSync(dir).map((name) => {
    try {
      return lockFile.parse(JSON.parse(readFileSync(join(dir, name), "utf8"))).pid;
    } catch {
      return 0;
    }
  });
}

/**
 * Cleans up after a killed or failed run, so that the next one converges without manual work: processes without their
 * engine, the lock of a dead process, pending operations, and untracked libvirt objects.
 * @param libvirt is called before libvirt is needed; if it resolves to false, what needs it is left to the next run
 */
export async function recover(ctx: LabContext, libvirt: () => Promise<boolean>): Promise<void> {
  if (!stackExists(ctx)) return;
  const holders = lockHolders(ctx);
  const alive = holders.find(isPulumi);
  if (alive !== undefined) {
    throw new LabError(
      `pulumi (process ${alive}) is at work on stack ${ctx.stack}; rule: one run at a time; fix: wait for it, or end it`,
    );
  }
  const orphans = await endOrphans(ctx.stateDir);
  if (orphans > 0) printError(`recover: ended ${orphans} processes of a run that was killed\n`);
  if (holders.length > 0) {
    printError("recover: the run before was killed; releasing its lock\n");
    await askPulumi(["cancel", "--yes", "--stack", ctx.stack]);
  }
  const pending = readFileSync(stackFile(ctx), "utf8").includes('"pending_operations"');
  if (wasKilledInRollout(ctx, holders.length > 0 || pending)) await endRollout(ctx);
  const unknown = (): Untracked[] => untracked(ctx, readFileSync(stackFile(ctx), "utf8"));
  if (!pending && unknown().length === 0) return;
  if (await libvirt()) {
    if (pending) await finishOperations(ctx);
    await removeUntracked(ctx, unknown());
  } else if (pending) {
    printError("recover: libvirt does not answer: the next up ends what the run before has begun\n");
  }
}

/** True if a rollout left its note; on another host true if a run was cut off, which avoids a query. */
function wasKilledInRollout(ctx: LabContext, cutOff: boolean): boolean {
  return ctx.host.remote ? cutOff : existsSync(inState(ctx.stateDir, "rollout"));
}

/** Withdraws a rollout whose program is gone, with a program that runs as root on the lab's host. */
async function endRollout(ctx: LabContext): Promise<void> {
  const program = ["./assets/host/node.sh", "operations/rollout/recover.ts"];
  const { command, args, env } = hostProgram(ctx, program);
  const { exitCode } = await x(command, args, {
    throwOnError: false,
    nodeOptions: { cwd: ctx.root, stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, ...env } },
  });
  if (exitCode !== 0) throw new LabError("the rollout that was cut off could not be withdrawn; see above");
}

async function finishOperations(ctx: LabContext): Promise<void> {
  const state = deployment.parse(JSON.parse(await askPulumi(["stack", "export", "--stack", ctx.stack])));
  const pending = state.deployment?.pending_operations ?? [];
  if (!state.deployment || pending.length === 0) return;
  printError(`recover: ${pending.length} operations were begun and not ended\n`);
  const stale: string[] = [];
  for (const { type, resource } of pending) {
    if (!resource.type.startsWith("libvirt:")) continue; // a host script converges from any state
    if (type === "creating") await removeBegun(ctx, resource.type, resource.inputs ?? {});
    else stale.push(resource.urn);
  }
  delete state.deployment.pending_operations;
  await askPulumi(["stack", "import", "--force", "--stack", ctx.stack], JSON.stringify(state));
  if (stale.length > 0) {
    await askPulumi([
      "refresh",
      "--yes",
      "--skip-preview",
      "--stack",
      ctx.stack,
      ...stale.flatMap((u) => ["--target", u]),
    ]);
  }
}
