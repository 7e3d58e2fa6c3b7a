import { askApp, type AppAnswer } from "../../client/appProbe";
import { reports } from "../../operations/rollout/fleet";
import { settle } from "../../operations/rollout/settle";
import { FAILING_CHECK } from "./faults";
import type { RunningLab } from "./runningLab";
import { waitFor } from "../../client/wait";

/** How long a healthy device may keep the reboot lock. */
const RELEASE_SECONDS = 45;
/** Time in which fsck may start again, seconds; one run takes about ten without KVM. */
const FSCK_SECONDS = 40;
const FSCK_PAUSE_MS = 15_000;

/** Something that must hold, and whether it did. */
export interface Invariant {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Collects what must hold at the end of a scenario. */
export class Invariants {
  readonly all: Invariant[] = [];

  constructor(private readonly say: (line: string) => void) {}

  get held(): boolean {
    return this.all.every((i) => i.ok);
  }

  hold(name: string, ok: boolean, detail = ""): void {
    this.all.push({ name, ok, detail });
    this.say(`${ok ? "ok    " : "BROKEN"}  ${name}${detail ? `: ${detail}` : ""}`);
  }

  equal(name: string, actual: unknown, expected: unknown): void {
    const same = JSON.stringify(actual) === JSON.stringify(expected);
    this.hold(
      name,
      same,
      same ? String(actual) : `${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`,
    );
  }
}

/** The app answers on the virtual IP. Returns its answer. */
export async function holdsAnswer(
  lab: RunningLab,
  invariants: Invariants,
  name = "the app answers on the VIP",
): Promise<AppAnswer> {
  const answer = await askApp(lab.appUrl);
  invariants.hold(name, answer.ok, answer.ok ? `in ${answer.seconds.toFixed(1)} s` : answer.text);
  return answer;
}

/** Every device is green on `commit`, one owns the VIP, the app answers, and nobody holds the reboot lock. */
export async function holdsHealthy(lab: RunningLab, invariants: Invariants, commit: string): Promise<void> {
  try {
    await settle(lab, "lab");
    invariants.hold("every device is healthy, one owns the VIP", true, await lab.owner());
  } catch (e) {
    invariants.hold("every device is healthy, one owns the VIP", false, (e as Error).message);
  }
  for (const { name, report } of await reports(lab.depot)) {
    invariants.equal(
      `${name} runs the right commit`,
      report?.booted.commit.slice(0, 12),
      commit.slice(0, 12),
    );
  }
  await holdsAnswer(lab, invariants);
  invariants.equal("nobody holds the reboot lock", await lockHolders(lab), []);
}

/** Holders of the reboot lock; a device releases it only after it has reported itself healthy. */
async function lockHolders(lab: RunningLab): Promise<string[]> {
  const holders = async (): Promise<string[]> => (await lab.depot.lock()).holders.map((h) => h.device);
  const free = await waitFor(RELEASE_SECONDS, async () => (await holders()).length === 0, 1000);
  return free ? [] : holders();
}

/**
 * Every object in the repository on a device's disk matches its checksum. The device may be cleaning up, as it does at
 * a boot after a rollback, so only an error that persists is damage.
 */
export async function holdsFsck(lab: RunningLab, invariants: Invariants, name: string): Promise<void> {
  let found = "";
  const clean = await waitFor(
    FSCK_SECONDS,
    async () => {
      const result = await lab.on(name, "sudo ostree fsck --quiet --repo=/ostree/repo", 600);
      found = `${result.stdout}${result.stderr}`.trim().slice(-300);
      return result.exitCode === 0;
    },
    FSCK_PAUSE_MS,
  );
  invariants.hold(`${name}: ostree fsck finds nothing`, clean !== undefined, clean ? "" : found);
}

/** What the kernel says of damage, of ext4 and of XFS. */
const DAMAGE =
  "EXT4-fs error|EXT4-fs warning.*(checksum|corrupt)|JBD2: .*(corrupt|Invalid)|XFS .*([Cc]orrupt|Internal error)";

/** The file systems on a device's disk have met no damage in this boot, which replayed their journals. */
export async function holdsFileSystem(lab: RunningLab, invariants: Invariants, name: string): Promise<void> {
  // ext4 counts its errors on the disk itself, so the counts outlive a boot.
  const command = `sudo sh -c 'grep -L "^0$" /sys/fs/ext4/*/errors_count; journalctl -q --no-pager -o cat -b -k | grep -E "${DAMAGE}"; true'`;
  const said = (await lab.ask(name, command, 120)).trim();
  invariants.hold(`${name}: its file systems are whole`, said === "", said.slice(-300));
}

/**
 * The journal shows that the scenario's failing check did fail.
 * @param boot 0 for the current boot, -1 for the previous one, which a rollback ended
 */
export async function holdsCheckFailed(
  lab: RunningLab,
  invariants: Invariants,
  name: string,
  boot: 0 | -1,
): Promise<void> {
  const command = `sudo journalctl -q --no-pager -o cat -b ${boot} -u greenboot-healthcheck.service`;
  const { stdout } = await lab.on(name, command, 120);
  const said = stdout.includes(`Script '${FAILING_CHECK}' FAILURE`);
  invariants.hold(`${name}: the journal says which check failed`, said, said ? "" : stdout.slice(-200));
}
