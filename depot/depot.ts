import type { Logger } from "pino";

import { LOCK_GROUP } from "../protocol/fleetLock";
import type { Lab, LabDevice, Outcome, Rollout } from "../protocol/lab";
import type { Refusal } from "../protocol/refusal";
import type { Reply } from "../protocol/reply";
import type { DeviceReport } from "../protocol/report";
import { AccessLogs } from "./accessLogs";
import { BoundedLog } from "./boundedLog";
import { Counts, countLine, parseAccess } from "./counts";
import type { DepotConfig } from "./config";
import { deviceTarget, isEverywhere, labTarget, renewed, withdrawnOf, type StartedRollout } from "./lease";
import { release, take } from "./lock";
import type { Received } from "./received";
import { entry, without } from "./records";
import { knownToPeers } from "./peers";
import { Repository } from "./repository";
import { haltBy, mayReboot, start, vipOwner, type Fleet } from "./rollout";
import { loadState, StateFile, type State } from "./state";

/** Who asks for the reboot lock: what the request says, and the device whose address it came from. */
export interface LockClient {
  readonly group: string;
  readonly id: string;
  readonly device: string;
}

/** The depot's state and everything that may be done to it; the HTTP routes only translate. */
export class Depot {
  readonly repository: Repository;
  readonly counts: Counts;
  private readonly state: State;
  private readonly file: StateFile;
  private readonly logs: AccessLogs;
  /** The rollout whose expired lease was logged. */
  private lapsed: string | undefined;

  constructor(
    private readonly config: DepotConfig,
    private readonly log: Logger,
    readonly now: () => Date = () => new Date(),
  ) {
    const path = `${config.dir}/state.json`;
    this.state = loadState(path, (text) => log.warn(text));
    // An older version took any group; nobody could give such a lock back.
    this.state.locks = without(this.state.locks, (group) => group !== LOCK_GROUP);
    this.repository = new Repository(config.repo, config.releases);
    this.counts = new Counts(this.state.total, this.state.clients);
    const countLog = new BoundedLog(config.countLog);
    this.logs = new AccessLogs(config.access, this.state.logs, (lines) => {
      countLog.append(this.count(lines));
      this.file.touch();
    });
    this.file = new StateFile(
      path,
      () => ({ ...this.state, logs: this.logs.positions }),
      (e) => log.error(e, "the state could not be written"),
    );
  }

  get lab(): Lab | null {
    return this.state.lab;
  }
  get rollout(): State["rollout"] {
    return this.state.rollout;
  }
  get halts(): State["halts"] {
    return this.state.halts;
  }
  get locks(): State["locks"] {
    return this.state.locks;
  }

  /** Counts what was served since the last time. */
  poll(): void {
    this.logs.poll();
    // A log that is removed must not be missing in the counts that a restart begins with.
    if (this.file.written) this.logs.removeRead(this.now().getTime());
    this.noticeLapse();
  }

  /** Logs once that a lease has expired; the consequences are computed on demand. */
  private noticeLapse(): void {
    const { rollout } = this.state;
    if (!rollout || rollout.ended || !withdrawnOf(rollout, this.now()) || this.lapsed === rollout.id) return;
    this.lapsed = rollout.id;
    const { version, targetCommit, from } = rollout;
    this.log.warn({ version, targetCommit, from }, "nobody watches the rollout any more: withdrawn");
  }

  async close(): Promise<void> {
    this.poll();
    await this.file.flush();
    this.logs.close();
  }

  /** The commit that devices are to run; null before the first release is published. */
  target(): string | null {
    const published = this.state.lab ? this.repository.target(this.state.lab.ref) : null;
    return labTarget(published, this.state.rollout, this.now());
  }

  received(name: string): Received | undefined {
    return entry(this.state.devices, name);
  }

  vipOwner(): string | undefined {
    return vipOwner(this.state.devices);
  }

  /** The lab's device at this address; one whose address is not fixed is known by its last report. */
  deviceAt(address: string): LabDevice | undefined {
    return this.state.lab?.devices.find((d) => this.addressOf(d) === address);
  }

  addressOf(device: LabDevice): string | null {
    return device.address ?? this.received(device.name)?.address ?? null;
  }

  /** Takes a report of a device that is known to be the sender. */
  async report(report: DeviceReport, address: string): Promise<Reply> {
    const { lab } = this.state;
    if (!lab) throw new Error("no lab yet");
    const before = this.received(report.device)?.report;
    const received = { receivedAt: this.now().toISOString(), address, report };
    this.state.devices[report.device] = received;
    if (before?.health !== report.health || before.booted.commit !== report.booted.commit) {
      const { device, health, event, booted } = report;
      this.log.info({ device, health, event, commit: booted.commit, version: booted.version }, "device");
    }
    const target = this.target();
    const halt = haltBy(received, target, this.state.rollout);
    if (halt && !entry(this.state.halts, halt.commit)) {
      this.state.halts[halt.commit] = halt;
      this.log.warn(halt, "rollout halted");
      await this.file.flush();
    } else if (this.leftIsNothing()) await this.finish("done");
    else this.file.touch();
    return {
      peers: lab.devices
        .filter((d) => d.name !== report.device)
        .map((d) => this.addressOf(d))
        .filter((a) => a !== null),
      knownToPeers: knownToPeers(report.device, address, this.fleet()),
      target: { ref: lab.ref, commit: deviceTarget(received, target, this.state.rollout, this.now()) },
      upgradeGate: lab.upgradeGate,
    };
  }

  /** The reboot lock: granted (undefined) only when it is on disk. */
  async preReboot({ group, id, device }: LockClient): Promise<Refusal | undefined> {
    const refusal = mayReboot(device, this.fleet());
    if (refusal) return refusal;
    const decision = take(this.state.locks, group, { id, device, since: this.now().toISOString() });
    if (decision.refusal) return decision.refusal;
    await this.setLocks(decision.locks, { device, group }, "reboot lock taken");
    return undefined;
  }

  async steadyState({ group, id, device }: LockClient): Promise<void> {
    await this.setLocks(
      release(this.state.locks, group, { id, device }),
      { device, group },
      "reboot lock released",
    );
  }

  /** Ends the lock of a holder that does not come back. */
  async breakLocks(): Promise<void> {
    await this.setLocks({}, {}, "reboot locks ended by the admin");
  }

  async setLab(lab: Lab): Promise<void> {
    const names = new Set(lab.devices.map((d) => d.name));
    this.state.lab = lab;
    this.state.devices = without(this.state.devices, (name) => !names.has(name));
    this.state.locks = without(this.state.locks, (_, holder) => !names.has(holder.device));
    await this.file.flush();
  }

  async startRollout(rollout: Rollout): Promise<StartedRollout> {
    const started = start(rollout, this.state.devices, this.now());
    this.state.rollout = started;
    this.state.halts = without(this.state.halts, (commit) => commit === rollout.targetCommit);
    this.log.info(rollout, "rollout");
    await this.file.flush();
    return started;
  }

  /**
   * The watcher of this rollout is alive. False if the rollout was ended or another one has begun. One that is done has
   * ended by itself, and its watcher may still wait for the app.
   */
  renewLease(id: string): boolean {
    const { rollout } = this.state;
    if (rollout?.id !== id) return false;
    if (rollout.ended) return rollout.ended.outcome === "done";
    if (this.lapsed === id) this.log.info({ version: rollout.version }, "the rollout goes on");
    this.lapsed = undefined;
    this.state.rollout = renewed(rollout, this.now());
    this.file.touch();
    return true;
  }

  /** Ends a rollout; idempotent. False if another rollout has begun. */
  async endRollout(id: string, outcome: Outcome): Promise<boolean> {
    const { rollout } = this.state;
    if (rollout?.id !== id) return false;
    if (!rollout.ended) await this.finish(outcome);
    return true;
  }

  private async finish(outcome: Outcome): Promise<void> {
    const { rollout } = this.state;
    if (!rollout) return;
    this.state.rollout = { ...rollout, ended: { outcome, at: this.now().toISOString() } };
    this.log.info({ version: rollout.version, outcome }, "rollout ended");
    await this.file.flush();
  }

  /** True if every device runs a watched rollout's commit, even if its watcher has vanished. */
  private leftIsNothing(): boolean {
    const { lab, rollout, devices } = this.state;
    if (!lab || rollout?.leaseUntil === undefined || rollout.ended) return false;
    return isEverywhere(
      rollout,
      lab.devices.map((d) => d.name),
      devices,
    );
  }

  /** Lifts the halt of a failed commit, so that devices try it again. */
  async forgetHalt(commit: string): Promise<void> {
    this.state.halts = without(this.state.halts, (key) => key === commit);
    await this.file.flush();
  }

  private fleet(): Fleet {
    const { lab, devices, halts } = this.state;
    if (!lab) throw new Error("no lab yet");
    return {
      lab,
      devices,
      halts,
      target: this.target(),
      withdrawn: withdrawnOf(this.state.rollout, this.now())?.targetCommit,
      now: this.now(),
      staleSeconds: this.config.staleSeconds,
    };
  }

  private async setLocks(locks: State["locks"], who: object, what: string): Promise<void> {
    if (locks === this.state.locks) {
      // Whoever asks again is told the same; it may be on its way to the disk.
      return this.file.settle();
    }
    this.state.locks = locks;
    this.log.info(who, what);
    await this.file.flush();
  }

  private count(lines: readonly string[]): string[] {
    const printed: string[] = [];
    for (const line of lines) {
      const access = parseAccess(line);
      if (!access) continue;
      this.counts.add(access);
      printed.push(countLine(access, this.counts.total));
    }
    return printed;
  }
}
