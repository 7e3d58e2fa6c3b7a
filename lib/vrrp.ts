/** Who owns the virtual IP: VRRP priorities, and how often the owner says that it is there. */
import { VRRP } from "../protocol/names";
import type { DeviceConfig } from "./config";

type Member = Pick<DeviceConfig, "name" | "role">;

/** VRRP state and priority of a role's first device. */
export function vrrpOf(role: DeviceConfig["role"]): { state: "MASTER" | "BACKUP"; priority: number } {
  return VRRP[role];
}

/** Devices of the same role that come before this one in the list. */
export function placeOf(device: Member, all: readonly Member[]): number {
  return all.filter((d) => d.role === device.role).findIndex((d) => d.name === device.name);
}

/**
 * A device's own priority: 255 for the primary, the owner of the address; 254, 253, 252 ... for the backups in the
 * list's order. Two devices with one priority would take the address from each other whenever an advertisement is
 * late. The list has at most 64 devices and one primary (lib/configRules.ts), so that the last backup has 192.
 */
export function vipPriority(device: Member, all: readonly Member[]): number {
  return vrrpOf(device.role).priority - placeOf(device, all);
}

/** What the devices put on their host. */
export interface HostLoad {
  readonly accelerator: "kvm" | "tcg";
  /** Processors of the host. */
  readonly cores: number;
  /** Virtual CPUs of all devices. */
  readonly vcpus: number;
}

/**
 * Advertisement intervals, seconds. A backup takes over after three missed ones.
 * 0.3 keeps that under a second. It had no false takeover in ten minutes with both cores of a host without KVM busy
 * and two vcpus per core. With three (one device installing, one booting), the devices' silence was longer than 0.9 s
 * twenty times in five minutes: emulated CPUs also wait for each other, so that silence grows faster than the load.
 */
const SHORT = 0.3;
const SHORT_VCPUS_PER_CORE = 2;
const PER_VCPU_PER_CORE = 0.5;

/** The longest interval that `auto` chooses; also for a device whose host is not known yet: it is never too short. */
export const LONGEST_ADVERT_SECONDS = 3;

/**
 * The interval that `network.advertSeconds: auto` means. It follows from what a host is, not from what it does at the
 * moment, so that a second run finds nothing to change.
 */
export function autoAdvertSeconds({ accelerator, cores, vcpus }: HostLoad): number {
  const load = vcpus / cores;
  if (accelerator === "kvm" || load <= SHORT_VCPUS_PER_CORE) return SHORT;
  return Math.min(LONGEST_ADVERT_SECONDS, Math.round(PER_VCPU_PER_CORE * load * 10) / 10);
}
