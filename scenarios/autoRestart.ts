import { sleep } from "../client/wait";
import { APP } from "../protocol/names";
import { unitProperty } from "./engine/app";
import { holdsAnswer } from "./engine/invariants";
import type { Figures, Run, Scenario } from "./engine/scenario";

/** Ways for a service to end, and the restart policies that start it again (systemd.service(5), Restart=). */
const POLICIES: readonly (readonly [string, readonly string[]])[] = [
  ["clean exit code or signal", ["always", "on-success"]],
  ["unclean exit code", ["always", "on-failure"]],
  ["unclean signal", ["always", "on-failure", "on-abnormal", "on-abort"]],
  ["timeout", ["always", "on-failure", "on-abnormal"]],
  ["watchdog", ["always", "on-failure", "on-abnormal", "on-watchdog"]],
];
const COLUMNS = ["no", "always", "on-success", "on-failure", "on-abnormal", "on-abort", "on-watchdog"];

/** A way to end the app, and what Restart=on-failure does then. */
interface Ending {
  readonly what: string;
  readonly cause: string;
  /** Command line of user core. */
  readonly command: string;
  readonly restarts: boolean;
}
const ENDINGS: readonly Ending[] = [
  {
    what: "the server inside is killed (pkill -9)",
    cause: "unclean exit code",
    command: "pkill -9 -x apache2",
    restarts: true,
  },
  {
    what: "the container's monitor is killed (pkill -9 conmon)",
    cause: "unclean signal",
    command: "pkill -9 -x conmon",
    restarts: true,
  },
  {
    what: "the server ends by itself (SIGTERM, status 0)",
    cause: "clean exit code or signal",
    command: `podman exec ${APP.container} kill -TERM 1`,
    restarts: false,
  },
];
const LIMIT_SECONDS = 60;

/** The manual's table, with a column of what was observed here. */
function table(observed: ReadonlyMap<string, string>): string[] {
  const row = (cells: readonly string[]): string =>
    cells
      .map((c, i) => c.padEnd(i === 0 ? 26 : 12))
      .join("")
      .trimEnd();
  return [
    row(["exit", ...COLUMNS, "seen with on-failure"]),
    ...POLICIES.map(([cause, policies]) =>
      row([
        cause,
        ...COLUMNS.map((c) => (policies.includes(c) ? "X" : "")),
        observed.get(cause) ?? "not tried",
      ]),
    ),
  ];
}

/** The unit's fate: the seconds until it was active in another run, or that it stayed down. */
async function watchUnit(
  run: Run,
  device: string,
  before: string,
): Promise<{ again?: number; result: string }> {
  const begun = Date.now();
  let result = "";
  while (Date.now() - begun < LIMIT_SECONDS * 1000) {
    const [state, invocation, outcome] = await Promise.all(
      ["ActiveState", "InvocationID", "Result"].map((p) => unitProperty(run.lab, device, p)),
    );
    result = outcome ?? "";
    if (state === "active" && invocation !== before) {
      return { again: (Date.now() - begun) / 1000, result };
    }
    // Down for good: systemd says "activating" while it waits for RestartSec.
    if (state === "inactive" || state === "failed") {
      await sleep(5000);
      const later = await unitProperty(run.lab, device, "ActiveState");
      if (later === "inactive" || later === "failed") return { result };
    }
    await sleep(300);
  }
  return { result };
}

async function end(run: Run, device: string, ending: Ending): Promise<string> {
  const { lab, timeline, invariants } = run;
  await holdsAnswer(lab, invariants, "the app answers before");
  const before = await unitProperty(lab, device, "InvocationID");
  await lab.ask(device, ending.command);
  timeline.mark(device, "ended", ending.what);
  const { again, result } = await watchUnit(run, device, before);
  const seen = again === undefined ? "not restarted" : `restarted after ${again.toFixed(1)} s`;
  timeline.mark(device, again === undefined ? "stays at zero" : "runs again", seen);
  invariants.equal(
    `${ending.what}: ${ending.restarts ? "restarts" : "does not restart"}`,
    again !== undefined,
    ending.restarts,
  );
  await holdsAnswer(lab, invariants, "the next request is answered");
  return `${seen}${ending.restarts ? "" : ` (${result})`}`;
}

/** The app is killed, and exits by itself. */
export const autoRestart: Scenario = {
  summary: "the app's server is killed and comes back; it ends cleanly and waits for the next request",
  async run(run: Run): Promise<Figures> {
    const owner = await run.lab.owner();
    const observed = new Map<string, string>();
    for (const ending of ENDINGS) observed.set(ending.cause, await end(run, owner, ending));
    return { "Restart= of systemd": ["", ...table(observed)].join("\n    ") };
  },
};
