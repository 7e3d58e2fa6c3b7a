import { x } from "tinyexec";
import { z } from "zod";

import { DepotClient } from "../../client/depotClient";
import { LabError } from "../../client/labError";
import { reports, type Fleet } from "../../operations/rollout/fleet";
import { PublishedRef } from "../../operations/rollout/ref";
import { runOnDevice, UNREACHABLE, type RemoteResult } from "../../client/ssh";
import { waitFor } from "../../client/wait";
import { UPDATE_SERVICE } from "../../protocol/names";
import type { DeviceView } from "../../protocol/status";

/** The part about the lab in the scenario program's standard input. */
export const labInput = z.object({
  stateDir: z.string(),
  builder: z.string(),
  libvirtUri: z.string(),
  vip: z.string(),
  appUrl: z.string(),
  registry: z.string(),
  idleSeconds: z.number(),
  devices: z.array(z.object({ name: z.string(), role: z.string(), address: z.string() })).min(1),
});
export type LabInput = z.infer<typeof labInput>;
export type LabDevice = LabInput["devices"][number];

/** Time limit for a release of many megabytes on an emulated device. */
const UPDATE_SECONDS = 180;
/** Time until the reports agree on who owns the virtual IP. */
const OWNER_SECONDS = 60;
/** Time for a boot without KVM on a busy host. */
const BOOT_SECONDS = 600;

/** The lab that a scenario works on. */
export class RunningLab implements Fleet {
  readonly depot: DepotClient;
  readonly stateDir: string;
  readonly devices: readonly LabDevice[];
  readonly appUrl: string;
  readonly names: readonly string[];
  /** Throws when a scenario may change nothing more, because it was interrupted. */
  allowed: () => void = () => undefined;
  /** Whether a scenario is being put back. */
  restoring: () => boolean = () => false;

  constructor(
    readonly input: LabInput,
    readonly ref: PublishedRef,
    readonly refName: string,
  ) {
    this.stateDir = input.stateDir;
    this.depot = new DepotClient(input.stateDir);
    this.devices = input.devices;
    this.appUrl = input.appUrl;
    this.names = input.devices.map((d) => d.name);
  }

  /** Fails if no lab is running. */
  static async open(input: LabInput): Promise<RunningLab> {
    const { ref } = await new DepotClient(input.stateDir).target();
    if (ref === null) throw new LabError("the depot serves no ref: npm run up builds the lab");
    return new RunningLab(input, new PublishedRef(input.stateDir, ref), ref);
  }

  device(name: string): LabDevice {
    const device = this.devices.find((d) => d.name === name);
    if (!device) throw new Error(`no device ${name}`);
    return device;
  }

  /** Name of the device that owns the virtual IP, from the devices' reports; after a move they take a while to agree. */
  async owner(): Promise<string> {
    let owners: string[] = [];
    const agreed = await waitFor(OWNER_SECONDS, async () => {
      owners = (await this.depot.devices()).filter((d) => d.report?.vip).map((d) => d.name);
      return owners.length === 1 ? owners[0] : undefined;
    });
    if (agreed) return agreed.value;
    throw new LabError(`the VIP has ${owners.length} owners: ${owners.join(", ") || "none"}`);
  }

  /** A device's last report; null if it has not reported yet. */
  async report(name: string): Promise<DeviceView["report"]> {
    return (await reports(this.depot)).find((d) => d.name === name)?.report ?? null;
  }

  /** A device whose report does not claim the virtual IP, so that it takes a release first. */
  async follower(): Promise<string> {
    const records = await reports(this.depot);
    const other = this.names.find((name) => records.find((r) => r.name === name)?.report?.vip === false);
    return other ?? this.names[this.names.length - 1] ?? "";
  }

  /** Devices whose interfaces carry the virtual IP; an unreachable one does not count. */
  async carriers(): Promise<string[]> {
    const all = await Promise.all(
      this.names.map(async (name) => ({ name, text: (await this.on(name, "ip -4 -o addr", 20)).stdout })),
    );
    return all.filter((c) => c.text.includes(` ${this.input.vip}/`)).map((c) => c.name);
  }

  /** Makes a device check for an update, and waits until it has fetched and staged it. */
  async update(name: string): Promise<void> {
    await this.ask(name, `sudo systemctl start ${UPDATE_SERVICE}`, UPDATE_SECONDS);
  }

  on(name: string, commandLine: string, timeoutSeconds = 60): Promise<RemoteResult> {
    return runOnDevice(this.stateDir, this.device(name).address, commandLine, timeoutSeconds);
  }

  /**
   * Output of a command on a device that must succeed. While a scenario is being put back, a device that cannot be
   * reached is waited for: it may be booting.
   */
  async ask(name: string, commandLine: string, timeoutSeconds = 60): Promise<string> {
    let result = await this.on(name, commandLine, timeoutSeconds);
    if (result.exitCode === UNREACHABLE && this.restoring()) {
      const reached = async (): Promise<RemoteResult | undefined> => {
        const answer = await this.on(name, commandLine, timeoutSeconds);
        return answer.exitCode === UNREACHABLE ? undefined : answer;
      };
      result = (await waitFor(BOOT_SECONDS, reached, 2000))?.value ?? result;
    }
    if (result.exitCode !== 0) {
      throw new LabError(
        `${name}: ${commandLine} ended with status ${result.exitCode}: ${result.stderr.trim()}`,
      );
    }
    return result.stdout;
  }

  /** Output of a virsh command that must succeed. */
  async virsh(...args: string[]): Promise<string> {
    const result = await x("virsh", ["-q", "-c", this.input.libvirtUri, ...args], { throwOnError: false });
    if (result.exitCode !== 0) throw new LabError(`virsh ${args.join(" ")}: ${result.stderr.trim()}`);
    return result.stdout;
  }

  /** `virsh VERB DOMAIN`: destroy cuts the power, start restores it. */
  async power(verb: "destroy" | "start", name: string): Promise<void> {
    await this.virsh(verb, name);
  }
}
