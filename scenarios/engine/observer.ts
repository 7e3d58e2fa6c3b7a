import { readConsole } from "../../client/console";
import { DepotError } from "../../client/depotClient";
import { sleep } from "../../client/wait";
import type { DeviceView } from "../../protocol/status";
import { consoleEvent } from "./consoleEvents";
import type { RunningLab } from "./runningLab";
import type { Timeline } from "./timeline";

const POLL_MS = 500;
/** Characters of a console's end to remember for finding new text: rotation removes older parts. */
const MARK_LENGTH = 400;

type Report = NonNullable<DeviceView["report"]>;

/** The new text after `mark`, the end of the text at the last look. */
export function newText(text: string, mark: string): string {
  const at = mark === "" ? -1 : text.lastIndexOf(mark);
  return at < 0 ? text : text.slice(at + mark.length);
}

/** The complete lines: the last one may end within an escape sequence. */
function wholeLines(stateDir: string, device: string): string {
  const text = readConsole(stateDir, device);
  return text.slice(0, text.lastIndexOf("\n") + 1);
}

/** The steps that two successive reports of a device show. */
export function reportSteps(before: Report | undefined, now: Report): { step: string; detail?: string }[] {
  const steps: { step: string; detail?: string }[] = [];
  const label = (d: { commit: string; version?: string | null | undefined }): string =>
    `${d.version ?? "?"} ${d.commit.slice(0, 10)}`;
  if (now.staged && now.staged.commit !== before?.staged?.commit) {
    steps.push({ step: "staged", detail: label(now.staged) });
  }
  const error = now.updateError;
  if (error && error.attempts !== before?.updateError?.attempts) {
    const lines = error.output.split("\n").filter((line) => line.trim() !== "");
    steps.push({ step: "not staged", detail: `attempt ${error.attempts}: ${lines[lines.length - 1] ?? ""}` });
  }
  if (now.vip && !before?.vip) steps.push({ step: "owns the VIP" });
  const again = now.bootId !== before?.bootId || now.health !== before.health;
  if (again && now.health === "green") steps.push({ step: "healthy", detail: `on ${label(now.booted)}` });
  if (again && now.health === "red") steps.push({ step: "reports red", detail: `on ${label(now.booted)}` });
  return steps;
}

/** Follows reports and consoles of all devices during a scenario, and marks their steps on its timeline. */
export class Observer {
  private readonly last = new Map<string, Report>();
  private readonly marks = new Map<string, string>();
  private running = true;
  private loop: Promise<void> = Promise.resolve();

  private constructor(
    private readonly lab: RunningLab,
    private readonly timeline: Timeline,
  ) {}

  /** Starts observing; earlier steps are ignored. */
  static async start(lab: RunningLab, timeline: Timeline): Promise<Observer> {
    const observer = new Observer(lab, timeline);
    for (const record of await lab.depot.devices()) {
      if (record.report) observer.last.set(record.name, record.report);
    }
    for (const name of lab.names) {
      observer.marks.set(name, wholeLines(lab.stateDir, name).slice(-MARK_LENGTH));
    }
    observer.loop = observer.follow();
    return observer;
  }

  /** Stops after one more look. */
  async stop(): Promise<void> {
    this.running = false;
    await this.loop;
    await this.look();
  }

  private async follow(): Promise<void> {
    while (this.running) {
      await this.look();
      await sleep(POLL_MS);
    }
  }

  private async look(): Promise<void> {
    for (const name of this.lab.names) this.readConsole(name);
    let records: DeviceView[];
    try {
      records = await this.lab.depot.devices();
    } catch (e) {
      if (e instanceof DepotError) return; // the depot restarts by itself
      throw e;
    }
    for (const { name, report } of records) {
      if (!report) continue;
      for (const { step, detail } of reportSteps(this.last.get(name), report)) {
        this.timeline.mark(name, step, detail);
      }
      this.last.set(name, report);
    }
  }

  private readConsole(name: string): void {
    const text = wholeLines(this.lab.stateDir, name);
    const fresh = newText(text, this.marks.get(name) ?? "");
    if (fresh === "") return;
    this.marks.set(name, text.slice(-MARK_LENGTH));
    for (const line of fresh.split("\n")) {
      const event = consoleEvent(line);
      if (event) this.timeline.mark(name, event.step, event.detail);
    }
  }
}
