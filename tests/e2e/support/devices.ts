import { lab } from "./lab";

/** A device in the stack output `devices`. */
export interface DeviceOutput {
  readonly name: string;
  readonly role: string;
  readonly address: string;
  readonly version: string;
  readonly commit: string;
}

/** A release in the stack output `releases`. */
export interface ReleaseOutput {
  readonly version: string;
  readonly commit: string;
  readonly parent: string | null;
  readonly packages: number;
  readonly added: { name: string; version: string }[];
  readonly removed: { name: string; version: string }[];
  readonly sizeBytes: number;
}

/** The stack's outputs. */
export interface Outputs {
  readonly vip: string;
  readonly appUrl: string;
  readonly contentUrl: string;
  readonly registry: string;
  readonly devices: DeviceOutput[];
  readonly releases: ReleaseOutput[];
  readonly sshCommand: Record<string, string>;
}

export async function outputs(): Promise<Outputs> {
  return (await lab.outputs()) as unknown as Outputs;
}

/** Names of the devices whose interfaces carry the virtual IP; an unreachable one does not count. */
export async function vipOwners(devices: readonly DeviceOutput[], vip: string): Promise<string[]> {
  const answers = await Promise.all(
    devices.map(async (d) => ({ name: d.name, text: (await lab.device(d.name, "ip -4 -o addr")).stdout })),
  );
  return answers.filter((a) => a.text.includes(` ${vip}/`)).map((a) => a.name);
}
