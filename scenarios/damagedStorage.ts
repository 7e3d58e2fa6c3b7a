import { askApp } from "../client/appProbe";
import { LabError } from "../client/labError";
import { DEVICE } from "../protocol/paths";
import { sleep, waitFor } from "../client/wait";
import { untilZero } from "./engine/app";
import { holdsAnswer, holdsHealthy } from "./engine/invariants";
import { Random } from "./engine/random";
import type { Figures, Run, Scenario } from "./engine/scenario";
import { VipWatch } from "./engine/vipWatch";

/** Time after the idle time for the app to stop, seconds. */
const STOP_SECONDS = 45;
/** Time for the VIP to leave a device whose app cannot answer, from the request that finds out. */
const LEAVE_SECONDS = 15;
/** What of it is left once podman has tried to start the app, which it may take longer for on a slow host. */
const NOTICE_SECONDS = 8;
/** Time for the device to fetch the image again and try it, without KVM. */
const MEND_SECONDS = 300;
/** A program keeps less than this share: what its end holds may not be needed to run it. */
const MOST_LEFT = 0.5;
const COPY = "/var/tmp/edge-scenario-app";

/** Every copy of the app's server in the storage of the app's user; sets `files`. */
const FIND = `set -eu; cd ~/.local/share/containers/storage/overlay; files=$(find . -path '*/diff/usr/sbin/*' -type f \\( -name apache2 -o -name httpd \\))`;

/** Cuts the server's program short, as a power loss does that comes before the data reach the disk. */
async function truncate({ lab, undo }: Run, device: string, share: number): Promise<() => Promise<void>> {
  // Where the device does not fetch its image again, the program comes back from a copy.
  const restore = undo.add(async () => {
    await lab.ask(
      device,
      `cd ~/.local/share/containers/storage/overlay; cd ${COPY} && find . -type f | while read -r f; do
  old=~/.local/share/containers/storage/overlay/$f
  [ ! -e "$old" ] || [ "$(stat -c %s "$old")" = "$(stat -c %s "$f")" ] || sudo cp --preserve "$f" "$old"
done; sudo rm -rf ${COPY}`,
    );
  });
  await lab.ask(
    device,
    `${FIND}
[ -n "$files" ] || { echo "no server in the storage" >&2; exit 1; }
for f in $files; do
  mkdir -p "${COPY}/\${f%/*}"
  sudo cp --preserve "$f" "${COPY}/$f"
  sudo truncate --size $(($(stat -c %s "$f") * ${Math.round(share * 100)} / 100)) "$f"
done
sync`,
  );
  return restore;
}

/** How long the VIP may stay, from what podman took for the last good start on this device, seconds. */
async function longestStay({ lab }: Run, device: string): Promise<number> {
  const text = await lab.ask(device, `cat ~/${DEVICE.appState}/app-start`);
  const podman = Number(/^(\d+) \d+\n$/.exec(text)?.[1] ?? NaN) / 100;
  if (Number.isNaN(podman)) throw new LabError(`${device}: no time of the app's last start: ${text.trim()}`);
  return Math.max(LEAVE_SECONDS, Math.round(podman * 1.5 + NOTICE_SECONDS));
}

/** Remembers all that a device reports about its app. */
class AppStates {
  readonly seen = new Set<string>();
  private running = true;
  private readonly loop: Promise<void>;

  constructor({ lab, timeline }: Run, device: string) {
    this.loop = (async () => {
      while (this.running) {
        const state = (await lab.report(device))?.app ?? "";
        if (state !== "" && !this.seen.has(state)) {
          this.seen.add(state);
          timeline.mark(device, "reports its app", state);
        }
        await sleep(250);
      }
    })();
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.loop;
  }
}

/** The app's program is damaged in a device's storage. */
export const damagedStorage: Scenario = {
  summary:
    "the app's program is cut short in the storage of the VIP's owner: the VIP leaves, the image is fetched again, the VIP comes home",
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, undo, base, options } = run;
    const owner = await lab.owner();
    const share = new Random(options.seed).tenths(0, MOST_LEFT);
    const zero = await untilZero(lab, lab.input.idleSeconds + STOP_SECONDS);
    invariants.hold("the app goes to zero", zero !== undefined);
    const restore = await truncate(run, owner, share);
    timeline.mark(owner, "truncated", `the app's program has ${Math.round(share * 100)} percent of its size`);
    const longest = await longestStay(run, owner);
    const watch = await VipWatch.start(run);
    const states = new AppStates(run, owner);
    undo.add(() => states.stop());

    const asked = timeline.seconds;
    const since = (): number => Math.round((timeline.seconds - asked) * 10) / 10;
    const first = askApp(lab.appUrl).then((answer) =>
      timeline.mark("lab", "first request", answer.ok ? "answered" : answer.text),
    );
    const alone = lab.names.length === 1;
    const left = await waitFor(MEND_SECONDS, () => Promise.resolve(alone || watch.owner !== owner), 100);
    const leftAfter = left && since();
    invariants.hold(
      "the VIP leaves the device whose app cannot answer",
      leftAfter !== undefined && leftAfter <= longest,
      `after ${leftAfter ?? "never"} s of ${longest} s`,
    );
    const answered = await waitFor(MEND_SECONDS, async () => (await askApp(lab.appUrl, 10)).ok);
    const answeredAfter = answered && since();
    invariants.hold(
      "another device answers",
      answered !== undefined,
      `${answeredAfter ?? "never"} s after the request`,
    );
    const home = await waitFor(MEND_SECONDS, () => Promise.resolve(watch.owner === owner), 100);
    const homeAfter = home && since();
    invariants.hold(`the VIP comes home to ${owner}`, home !== undefined, `after ${homeAfter ?? "never"} s`);
    await holdsAnswer(lab, invariants, `${owner} answers again`);
    await first;
    await states.stop();
    await watch.stop();
    invariants.hold(
      `${owner} reported that its app had failed`,
      [...states.seen].some((state) => state.startsWith("failed")),
      [...states.seen].join(", "),
    );
    await restore();
    await holdsHealthy(lab, invariants, base.commit);
    return {
      "left of the program, percent": Math.round(share * 100),
      "seconds until the VIP left": leftAfter ?? "never",
      "seconds until an answer": answeredAfter ?? "never",
      "seconds until the VIP was home": homeAfter ?? "never",
    };
  },
};
