import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";

import { x } from "tinyexec";

import { labContext, type LabContext } from "../../client/context";
import { LabError } from "../../client/labError";
import { hostProgram } from "../../client/hostProgram";
import { checkStateOwner } from "../../lib/labProgram";
import { claimState, stateOwner } from "../../lib/stateOwner";
import { inState } from "../../protocol/paths";
import { runPulumi } from "../pulumi/cli";
import { recover, stackExists } from "../pulumi/recover";
import { virsh } from "../pulumi/virsh";
import { removeState } from "../stateFolder";
import { Connection } from "../../client/remote/connection";
import { printError } from "../../client/terminal";

/** Additional options for pulumi itself, e.g. `--refresh`. */
type Extra = readonly string[];

const quiet = (): string[] => (process.stdout.isTTY ? [] : ["--non-interactive"]);
/** Without a terminal, pulumi's progress dots would only fill the log. */
const terminal = (): string[] => (process.stdout.isTTY ? [] : [...quiet(), "--suppress-progress"]);

async function hostScript(ctx: LabContext, script: string, verb: string): Promise<void> {
  const { command, args, env } = hostProgram(ctx, [`./assets/host/${script}`, verb]);
  const child = x(command, args, {
    throwOnError: false,
    nodeOptions: {
      cwd: ctx.root,
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, ...env },
    },
  });
  const { exitCode } = await child;
  if (exitCode !== 0) throw new LabError(`assets/host/${script} ${verb} failed; its lines above say why`);
}

/** Starts the lab's libvirt daemon, for what needs it before the program, which mends all else, has started it. */
async function startLibvirt(ctx: LabContext): Promise<true> {
  const there = ctx.host.remote ? stackExists(ctx) : existsSync(inState(ctx.stateDir, "applied"));
  if (there) await hostScript(ctx, "libvirtd.sh", "apply");
  return true;
}

/** Does it answer? A preview starts nothing. */
const askLibvirt = async (ctx: LabContext): Promise<boolean> => (await virsh(ctx, ["version"])).ok;

/** `npm run up`: builds the lab and takes it to the target version. */
export async function up(extra: Extra): Promise<number> {
  const ctx = labContext();
  claimState(ctx.stateDir, ctx.stack, ctx.root);
  await recover(ctx, () => startLibvirt(ctx));
  return runPulumi(["up", "--yes", "--skip-preview", "--stack", ctx.stack, ...terminal(), ...extra]);
}

/**
 * `lab recover`: what `up` and `preview` do before pulumi runs; plain `pulumi` does it too, see toolchain/pulumi.sh.
 * @param options.preview start nothing
 * @param options.libvirt start libvirt's daemon in any case
 */
export async function recoverOnly(options: { preview: boolean; libvirt: boolean }): Promise<number> {
  const ctx = labContext();
  if (options.libvirt) await startLibvirt(ctx);
  await recover(ctx, () => (options.preview ? askLibvirt(ctx) : startLibvirt(ctx)));
  return 0;
}

/** `npm run preview`: what `up` would do. */
export async function preview(extra: Extra): Promise<number> {
  const ctx = labContext();
  await recover(ctx, () => askLibvirt(ctx));
  return runPulumi(["preview", "--stack", ctx.stack, ...terminal(), ...extra]);
}

/**
 * The build trees are thousands of small files, on some disks the slowest part of destroy. They are removed while
 * pulumi, which no longer needs them, works. The host script removes, or names, those of another user.
 */
function removeBuildTrees(ctx: LabContext): Promise<void> {
  return rm(inState(ctx.stateDir, "build"), { recursive: true, force: true }).catch(() => undefined);
}

/** True if the state directory belongs to this stack. */
function ownsState(ctx: LabContext): boolean {
  return stateOwner(ctx.stateDir, ctx.stack) === ctx.stack;
}

async function destroyStack(ctx: LabContext, extra: Extra): Promise<number> {
  await recover(ctx, () => startLibvirt(ctx));
  // With options for pulumi, such as --target, parts of the lab may stay.
  const removing = extra.length === 0 ? removeBuildTrees(ctx) : Promise.resolve();
  const status = await runPulumi([
    "destroy",
    "--yes",
    "--skip-preview",
    "--stack",
    ctx.stack,
    ...terminal(),
    ...extra,
  ]);
  await removing;
  if (status !== 0) return status;
  return runPulumi(["stack", "rm", "--yes", "--stack", ctx.stack, ...quiet()]);
}

/**
 * `npm run destroy`: removes all of the lab except the documented caches; a second run does nothing. Keeps what belongs
 * to another stack.
 */
export async function destroy(extra: Extra): Promise<number> {
  const ctx = labContext({ anyOwner: true });
  const exists = stackExists(ctx);
  if (exists) checkStateOwner(ctx);
  else if (!ownsState(ctx)) {
    printError(`destroy: stack ${ctx.stack} does not exist: nothing to destroy\n`);
    return 0;
  }
  // Pulumi's first deletions need it.
  await startLibvirt(ctx);
  if (exists) {
    // A lab of the previous version has no owner file; once its stack is gone, nothing would name its owner.
    claimState(ctx.stateDir, ctx.stack, ctx.root);
    const status = await destroyStack(ctx, extra);
    if (status !== 0) return status;
  } else {
    printError(
      `destroy: stack ${ctx.stack} does not exist any more: removing what its state directory has of it\n`,
    );
  }
  // A killed run may leave things that no state records: the host script finds them by itself.
  await hostScript(ctx, "edge-host.sh", "destroy");
  if (ctx.host.remote) await new Connection(ctx.host.remote, ctx.root, ctx.stack).remove();
  removeState(ctx);
  return 0;
}
