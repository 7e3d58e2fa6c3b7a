import { DepotError, type DepotClient } from "../../client/depotClient";
import type { DeviceView } from "../../protocol/status";
import { sleep } from "../../client/wait";
import { nudge, reports, type Fleet } from "./fleet";
import { Marker, type Unfinished } from "./marker";
import { PublishedRef } from "./ref";
import { printError } from "../../client/terminal";

/** An interrupted program has seconds: if the depot does not answer at once, the lease ends the rollout. */
const DEPOT_MS = 2000;
const NUDGE_SECONDS = 2;

/** How an unfinished rollout was ended. */
export type Ended = "withdrawn" | "done" | "another";

/**
 * Devices that a withdrawal cannot reach, each as the beginning of a sentence: one that runs the commit keeps it, one
 * that reboots into it cannot be stopped.
 */
export function past(devices: readonly DeviceView[], commit: string, holders: readonly string[]): string[] {
  return devices.flatMap(({ name, report }) => {
    if (!report) return [];
    if (report.booted.commit === commit) return report.health === "red" ? [] : [`${name} already runs it`];
    if (report.staged?.commit !== commit) return [];
    if (report.updatePhase === "rebooting") return [`${name} reboots into it`];
    return holders.includes(name) ? [`${name} holds the reboot lock and may still boot it`] : [];
  });
}

async function endAt(depot: DepotClient, id: string, outcome: "done" | "withdrawn"): Promise<boolean> {
  try {
    await Promise.race([depot.endRollout(id, outcome), sleep(DEPOT_MS)]);
    return true;
  } catch (e) {
    if (!(e instanceof DepotError)) throw e;
    return e.status !== 409; // any other error: the lease will end it
  }
}

/**
 * Ends a rollout that nobody watches any longer: the depot stops it, the ref and its summary go back. If every device
 * already runs it, there is nothing to withdraw.
 */
export async function endUnfinished(
  stateDir: string,
  depot: DepotClient,
  unfinished: Unfinished,
): Promise<Ended> {
  const { id, ref: name, targetCommit, from } = unfinished;
  const marker = new Marker(stateDir);
  const record = await depot.rollout().catch((e: unknown) => {
    if (e instanceof DepotError) return undefined; // no answer: the ref goes back all the same
    throw e;
  });
  const ours = record?.id === id;
  const all = await reports(depot);
  const everywhere =
    all.length > 0 &&
    all.every((d) => d.report?.booted.commit === targetCommit && d.report.health === "green");
  if (ours && (record.state === "done" || everywhere)) {
    await endAt(depot, id, "done");
    marker.remove();
    return "done";
  }
  if ((record && !ours && record.state === "going") || !(await endAt(depot, id, "withdrawn")))
    return "another";
  const ref = new PublishedRef(stateDir, name);
  if ((await ref.current()) === targetCommit) await ref.move(from);
  marker.remove();
  return "withdrawn";
}

/** Withdraws this program's rollout; the sentence for the user names the devices that are past it. */
export async function withdrawOwn(fleet: Fleet, unfinished: Unfinished): Promise<string> {
  const { targetCommit, version } = unfinished;
  const holders = await fleet.depot.lock().then(
    (lock) => lock.holders.map((h) => h.device),
    () => [],
  );
  const already = past(await reports(fleet.depot), targetCommit, holders);
  const ended = await endUnfinished(fleet.stateDir, fleet.depot, unfinished).catch(
    (e: unknown) => e as Error,
  );
  if (ended instanceof Error) {
    return `the ref still names ${version} (${ended.message}), but nobody watches it: within a minute the devices are told to stay where they are; the next \`up\` puts it right`;
  }
  if (ended === "another") return `another run has taken the rollout of ${version} over`;
  if (ended === "done") return `every device already runs ${version}; the next \`up\` finishes the rollout`;
  printError(`rollout: ${version} is withdrawn, the ref names ${unfinished.from.slice(0, 12)} again\n`);
  // Devices drop what they have staged at their next request; this only shortens the wait.
  await nudge(
    fleet,
    fleet.devices.map((d) => d.name),
    NUDGE_SECONDS,
  );
  const rest = already.length > 0 ? `${already.join(", ")}; ` : "";
  return `the rollout of ${version} is withdrawn; ${rest}the next \`up\` goes on`;
}
