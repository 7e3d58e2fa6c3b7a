import { askApp } from "../client/appProbe";
import { LabError } from "../client/labError";
import { DEVICE } from "../protocol/paths";
import { untilZero } from "./engine/app";
import { AppStates } from "./engine/appStates";
import { awayAndHome, LEAVE_SECONDS } from "./engine/awayAndHome";
import { holdsAnswer, holdsHealthy } from "./engine/invariants";
import { Random } from "./engine/random";
import type { Figures, Run, Scenario } from "./engine/scenario";
import { VipWatch } from "./engine/vipWatch";

/** Time after the idle time for the app to stop, seconds. */
const STOP_SECONDS = 45;
/** What of it is left once podman has tried to start the app, which it may take longer for on a slow host. */
const NOTICE_SECONDS = 8;
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

/** The app's program is damaged in a device's storage. */
export const damagedStorage: Scenario = {
  summary:
    "the app's program is cut short in the storage of the VIP's owner: the VIP leaves, the image is fetched again, the VIP comes home",
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, base, options } = run;
    const owner = await lab.owner();
    const share = new Random(options.seed).tenths(0, MOST_LEFT);
    const zero = await untilZero(lab, lab.input.idleSeconds + STOP_SECONDS);
    invariants.hold("the app goes to zero", zero !== undefined);
    const restore = await truncate(run, owner, share);
    timeline.mark(owner, "truncated", `the app's program has ${Math.round(share * 100)} percent of its size`);
    const longest = await longestStay(run, owner);
    const watch = await VipWatch.start(run);
    const states = new AppStates(run, owner);
    const first = askApp(lab.appUrl).then((answer) =>
      timeline.mark("lab", "first request", answer.ok ? "answered" : answer.text),
    );
    const figures = await awayAndHome(run, watch, owner, longest);
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
      ...figures,
    };
  },
};
