import { pushAccess } from "../../client/registryPush";
import { waitFor } from "../../client/wait";
import { APP } from "../../protocol/names";
import { allHaveImage } from "./app";
import { RegistryClient } from "./registryClient";
import type { Figures, Run } from "./scenario";

/** Limit for timer, fetch, trial and restart on a busy emulated device, seconds. */
export const LIMIT_SECONDS = 180;

/** Seconds until a condition held, rounded to tenths; undefined if it did not. */
export async function within(
  limitSeconds: number,
  holds: () => Promise<boolean>,
): Promise<number | undefined> {
  const found = await waitFor(limitSeconds, holds);
  return found && Math.round(found.seconds * 10) / 10;
}

/** Runs a part of a scenario, and puts `prod` back whatever happens. */
export async function withTag(
  run: Run,
  part: (registry: RegistryClient, prod: string) => Promise<Figures>,
): Promise<Figures> {
  const { lab, timeline, undo } = run;
  const registry = new RegistryClient(pushAccess(lab.stateDir));
  const prod = await registry.digest(APP.tag);
  const restore = undo.add(() => registry.tag(prod, APP.tag));
  const figures = await part(registry, prod);
  await restore();
  timeline.mark("lab", "prod is as before");
  const back = await within(LIMIT_SECONDS, () => allHaveImage(lab, prod));
  run.invariants.hold("every device has the first image again", back !== undefined);
  return figures;
}
