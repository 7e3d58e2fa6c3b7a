import { labContext } from "../../client/context";
import { DepotClient } from "../../client/depotClient";
import { print } from "../../client/terminal";

/** `lab lock [--release]`: shows the holder of the reboot lock, or releases the lock of one that does not come back. */
export async function lock(options: { release: boolean }): Promise<number> {
  const depot = new DepotClient(labContext().stateDir);
  const before = await depot.lock();
  for (const { device, since, group } of before.holders) {
    print(`${device} holds the reboot lock of group ${group} since ${since}\n`);
  }
  if (before.holders.length === 0) print("nobody holds the reboot lock\n");
  for (const { commit, device, check } of before.halted) {
    print(`rollout of ${commit.slice(0, 12)} halted: ${check} on ${device}\n`);
  }
  const { withdrawn } = before;
  if (withdrawn) {
    const back = withdrawn.fromVersion ?? withdrawn.from?.slice(0, 12) ?? "?";
    print(
      `rollout of ${withdrawn.version} withdrawn: devices are told to run ${back}; the next npm run up goes on\n`,
    );
  }
  if (options.release && before.holders.length > 0) {
    await depot.releaseLock();
    print("released\n");
  }
  return 0;
}
