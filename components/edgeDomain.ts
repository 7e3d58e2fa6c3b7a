import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";

import type { DeviceConfig } from "../lib/config";
import { domainXslt } from "../lib/domainXslt";
import { after, hostScript } from "../lib/hostScript";
import type { DeviceSettings } from "../protocol/deviceSettings";
import { consoleLog } from "../protocol/paths";

/** Inputs of {@link EdgeDomain}. */
export interface EdgeDomainArgs {
  stateDir: pulumi.Input<string>;
  provider: libvirt.Provider;
  libvirtUri: string;
  device: DeviceConfig;
  /** Memory in MiB, virtual CPUs, disk size in GiB. */
  memoryMiB: number;
  vcpus: number;
  diskGiB: number;
  accelerator: pulumi.Input<"kvm" | "tcg">;
  /** Storage pool for the disk, its configured name, and its path on the host. */
  pool: libvirt.Pool;
  poolName: string;
  poolPath: pulumi.Input<string>;
  /** The network to plug into, its bridge, and its libvirt name if it assigns addresses, else empty. */
  plugged: pulumi.Resource;
  bridge: string;
  network: string;
  /** Boot ISO of the device's role. */
  iso: pulumi.Input<string>;
  /** Hash of everything that defines this device; if it changes, the device is replaced by a new installation. */
  identity: pulumi.Input<string>;
  /** How often, and why, the device was recreated because its disk was gone; empty for never. */
  generation: string;
  /** Values that must exist before the device is switched on: content to install, app to run. */
  after: pulumi.Input<string>[];
}

/** Inputs of {@link EdgeDomain.settle}. */
export interface DeviceSettlement {
  /** What the running device takes without a restart. Secret. */
  settings: pulumi.Input<DeviceSettings>;
  /** URL of the app on the virtual IP. */
  appUrl: string;
  /** Devices that must have their settings before; {@link EdgeDomain.settle} of them. */
  after: pulumi.Input<string>[];
}

/**
 * One edge device: a libvirt domain. Its disk is empty at first, so it boots its role's ISO and installs itself; from
 * then on it boots from the disk.
 */
export class EdgeDomain extends pulumi.ComponentResource {
  /** Resolves when the installer has finished. */
  public readonly installed: pulumi.Output<string>;
  /** Resolves when the installed system is healthy with its memory and CPUs; the next device may then install. */
  public readonly ready: pulumi.Output<string>;
  public readonly device: DeviceConfig;
  private readonly domain: libvirt.Domain;

  constructor(
    private readonly name: string,
    private readonly args: EdgeDomainArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("edge-lab:index:EdgeDomain", name, { device: args.device, identity: args.identity }, opts);
    const { device } = args;
    this.device = device;
    const env = this.environment();
    // With the network's name the provider would read back leases, which come and go. With the bridge, and
    // with the lease fixed by the enrolment, a refresh finds no change.
    const enrolled = hostScript(
      `${name}-enrolment`,
      {
        run: "./assets/host/enrol.sh",
        env: {
          ...env,
          MAC: device.mac,
          NETWORK: args.network,
          BRIDGE: args.bridge,
          LIBVIRT_URI: args.libvirtUri,
          ...(args.generation === "" ? {} : { GENERATION: args.generation }),
        },
        sources: ["assets/host/enrol.sh", "assets/host/lib/machine.sh"],
        identity: [args.identity],
      },
      { parent: this, dependsOn: args.plugged },
    );
    const diskName = pulumi.interpolate`${device.name}-${args.identity}.qcow2`;
    const disk = new libvirt.Volume(
      `${name}-disk`,
      // The pool's plain name, not its output: replacing the pool must not replace the disks.
      { name: diskName, pool: args.poolName, format: "qcow2", size: args.diskGiB * 2 ** 30 },
      { parent: this, provider: args.provider, dependsOn: args.pool },
    );
    const xslt = pulumi
      .all([args.accelerator, args.poolPath, diskName, args.stateDir, enrolled.urn, pulumi.all(args.after)])
      .apply(([accelerator, pool, file, stateDir]) =>
        domainXslt({
          accelerator,
          diskPath: `${pool}/${file}`,
          consoleLog: consoleLog(stateDir, device.name),
        }),
      );
    this.domain = new libvirt.Domain(
      `${name}-domain`,
      {
        name: device.name,
        description: pulumi.interpolate`Edge Lab device ${args.identity}`,
        type: pulumi.output(args.accelerator).apply((a) => (a === "kvm" ? "kvm" : "qemu")),
        machine: "q35",
        memory: args.memoryMiB,
        vcpu: args.vcpus,
        cpu: {
          mode: pulumi.output(args.accelerator).apply((a) => (a === "kvm" ? "host-passthrough" : "maximum")),
        },
        bootDevices: [{ devs: ["hd", "cdrom"] }],
        disks: [{ volumeId: disk.id }, { file: args.iso }],
        networkInterfaces: [{ bridge: args.bridge, mac: device.mac.toUpperCase() }],
        consoles: [{ type: "pty", targetType: "serial", targetPort: "0" }],
        autostart: true,
        running: true,
        xml: { xslt },
      },
      {
        parent: this,
        provider: args.provider,
        deleteBeforeReplace: true,
        dependsOn: args.plugged,
        // An ISO rebuilt with other contents keeps its path; a running device no longer needs it.
        ignoreChanges: ["running"],
      },
    );
    const wait = (
      step: "installed" | "ready",
      before: pulumi.Input<string>,
      more: Record<string, string> = {},
    ): pulumi.Output<string> =>
      after(
        hostScript(
          `${name}-${step}`,
          {
            run: "./assets/host/node.sh operations/device/main.ts",
            env: { ...env, WAIT_FOR: step, AFTER: before, LIBVIRT_URI: args.libvirtUri, ...more },
            sources: [],
            identity: [this.domain.id],
            destroys: false,
            timeoutMinutes: 60,
          },
          { parent: this },
        ),
        `${name} ${step}`,
      );
    this.installed = wait("installed", this.domain.id);
    this.ready = wait("ready", this.installed, {
      MEMORY_MIB: String(args.memoryMiB),
      VCPUS: String(args.vcpus),
    });
    this.registerOutputs({ installed: this.installed, ready: this.ready });
  }

  /** Gives the running system its settings. Resolves when it has them; call it once. */
  settle({ settings, appUrl, after: before }: DeviceSettlement): pulumi.Output<string> {
    const script = hostScript(
      `${this.name}-settings`,
      {
        run: "./assets/host/node.sh operations/settings/main.ts",
        env: {
          ...this.environment(),
          APP_URL: appUrl,
          DISK_GIB: String(this.args.diskGiB),
          AFTER: pulumi.all([this.ready, ...before]).apply(([ready = ""]) => ready),
        },
        stdin: pulumi.jsonStringify(settings),
        sources: [],
        identity: [this.domain.id],
        secret: true,
        destroys: false,
      },
      { parent: this },
    );
    return after(script, `${this.name} settled`);
  }

  /** What every program that deals with this device is told. */
  private environment(): Record<string, pulumi.Input<string>> {
    const { stateDir, device } = this.args;
    return { STATE_DIR: stateDir, DEVICE: device.name, ADDRESS: device.address };
  }
}
