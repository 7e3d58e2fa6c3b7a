import { sleep } from "../../client/wait";
import type { Run } from "./scenario";

const POLL_MS = 250;

/** Remembers all that a device reports about its app. */
export class AppStates {
  readonly seen = new Set<string>();
  private running = true;
  private readonly loop: Promise<void>;

  /** Ends with the scenario, if not before. */
  constructor({ lab, timeline, undo }: Run, device: string) {
    this.loop = (async () => {
      while (this.running) {
        const state = (await lab.report(device))?.app ?? "";
        if (state !== "" && !this.seen.has(state)) {
          this.seen.add(state);
          timeline.mark(device, "reports its app", state);
        }
        await sleep(POLL_MS);
      }
    })();
    undo.add(() => this.stop());
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.loop;
  }
}
