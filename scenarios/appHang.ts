import { APP } from "../protocol/names";
import { untilZero } from "./engine/app";
import { AppStates } from "./engine/appStates";
import { awayAndHome, LEAVE_SECONDS } from "./engine/awayAndHome";
import { holdsAnswer, holdsHealthy } from "./engine/invariants";
import type { Figures, Run, Scenario } from "./engine/scenario";
import { VipWatch } from "./engine/vipWatch";

/** Time after the idle time for the app to stop, seconds. */
const STOP_SECONDS = 60;

/** The app hangs while it is up. */
export const appHang: Scenario = {
  summary:
    "the running app hangs on the VIP's owner: the VIP leaves, the app is started anew, the VIP comes home, the app goes back to zero",
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, undo, base } = run;
    const owner = await lab.owner();
    await holdsAnswer(lab, invariants, "the app answers before");
    const watch = await VipWatch.start(run);
    const states = new AppStates(run, owner);
    const restore = undo.add(async () => {
      // The container is another one by now, if all went well.
      await lab.ask(
        owner,
        'ids=$(podman ps --quiet --filter status=paused); [ -z "$ids" ] || podman unpause $ids',
      );
    });
    await lab.ask(owner, `podman pause ${APP.container}`);
    timeline.mark(owner, "hangs", "every process of the app is frozen");
    const figures = await awayAndHome(run, watch, owner, LEAVE_SECONDS);
    const zero = await untilZero(lab, lab.input.idleSeconds + STOP_SECONDS);
    invariants.hold("the app that was started anew goes back to zero without a request", zero !== undefined);
    await holdsAnswer(lab, invariants, `${owner} answers again`);
    await states.stop();
    await watch.stop();
    invariants.hold(
      `${owner} reported that its app hung`,
      [...states.seen].some((state) => state.startsWith("failed: it hangs")),
      [...states.seen].join(", "),
    );
    await restore();
    await holdsHealthy(lab, invariants, base.commit);
    return figures;
  },
};
