/**
 * The states of a device from boot to update, as its reports and its boot counter show them. Tests check the diagram in
 * docs/ARCHITECTURE.md and the device's own programs against this table.
 */
export interface DeviceState {
  /** Verdict on the current boot; `any` if the state does not depend on it. */
  readonly health: "pending" | "green" | "red" | "any";
  /** What the updater is doing. */
  readonly updatePhase: "idle" | "pulling" | "staged" | "waiting-lock" | "rebooting";
  /** GRUB's boot_counter: `armed` from the reboot into a new deployment to its verdict, `fallback` is -1. */
  readonly bootCounter: "armed" | "none" | "fallback" | "any";
  readonly meaning: string;
}

/** All states, by name. */
export const DEVICE_STATES = {
  booting: {
    health: "pending",
    updatePhase: "idle",
    bootCounter: "any",
    meaning: "The system is up; its health checks have no verdict yet. It takes no requests and no update.",
  },
  fallback: {
    health: "pending",
    updatePhase: "idle",
    bootCounter: "fallback",
    meaning: "The attempts are used up: the boot loader has started the deployment before.",
  },
  retrying: {
    health: "red",
    updatePhase: "idle",
    bootCounter: "armed",
    meaning: "A required check has failed; the device reboots for its next attempt.",
  },
  healthy: {
    health: "green",
    updatePhase: "idle",
    bootCounter: "none",
    meaning:
      "Every required check has passed. The device runs the target, or waits for one that it may take.",
  },
  unhealthy: {
    health: "red",
    updatePhase: "idle",
    bootCounter: "none",
    meaning:
      "A required check has failed and there is nothing to go back to. The device stays up and takes an update.",
  },
  fetching: {
    health: "any",
    updatePhase: "pulling",
    bootCounter: "none",
    meaning: "The target is being pulled and deployed.",
  },
  staged: {
    health: "any",
    updatePhase: "staged",
    bootCounter: "none",
    meaning: "The target is staged: the next reboot finalises it.",
  },
  waiting: {
    health: "any",
    updatePhase: "waiting-lock",
    bootCounter: "none",
    meaning: "The device has asked the depot for the reboot lock.",
  },
  rebooting: {
    health: "any",
    updatePhase: "rebooting",
    bootCounter: "any",
    meaning:
      "It holds the lock and has handed the virtual IP over. The boot counter is armed on the way down.",
  },
} as const satisfies Record<string, DeviceState>;
export type DeviceStateName = keyof typeof DEVICE_STATES;

/** A transition from one state to another. */
export interface Transition {
  readonly from: DeviceStateName;
  readonly to: DeviceStateName;
  readonly when: string;
  /** How often, or how long, before it ends in another way; absent where it happens once. */
  readonly bound?: string;
  /** The file that decides it, relative to the project. */
  readonly by: string;
}

const EDGE = "assets/guest/usr/libexec/edge";
const GREENBOOT = "assets/guest/usr/libexec/greenboot";
const GRUB = "assets/builders/debian/installer/grub.cfg";

/** Every transition; what is not here does not happen. */
export const TRANSITIONS: readonly Transition[] = [
  { from: "booting", to: "healthy", when: "every required check passes", by: `${GREENBOOT}/greenboot` },
  {
    from: "booting",
    to: "retrying",
    when: "a required check fails, the counter is armed",
    by: `${GREENBOOT}/redboot-auto-reboot`,
  },
  {
    from: "booting",
    to: "unhealthy",
    when: "a required check fails, the counter is not armed",
    by: `${GREENBOOT}/redboot-auto-reboot`,
  },
  {
    from: "booting",
    to: "booting",
    when: "panic, or reset by the watchdog, attempts are left",
    bound: "GREENBOOT_MAX_BOOT_ATTEMPTS; after a reset by the watchdog with twice the time",
    by: GRUB,
  },
  {
    from: "booting",
    to: "booting",
    when: "no verdict in time, attempts are left",
    bound: "four times what a good boot takes here, as many times that as the host is slower now",
    by: `${EDGE}/boot-deadline`,
  },
  {
    from: "booting",
    to: "booting",
    when: "power cut, which does not count as an attempt",
    bound: "five of them, on a machine that can tell; then as a panic",
    by: GRUB,
  },
  { from: "booting", to: "fallback", when: "panic, or reset by the watchdog, no attempt is left", by: GRUB },
  {
    from: "retrying",
    to: "booting",
    when: "attempts are left",
    bound: "GREENBOOT_MAX_BOOT_ATTEMPTS",
    by: GRUB,
  },
  { from: "retrying", to: "fallback", when: "no attempt is left", by: GRUB },
  {
    from: "fallback",
    to: "booting",
    when: "the failed commit is recorded, what runs is the default again",
    by: `${GREENBOOT}/greenboot-ostree-grub2-check-fallback`,
  },
  { from: "healthy", to: "fetching", when: "the target is another commit", by: `${EDGE}/update` },
  {
    from: "healthy",
    to: "healthy",
    when: "the target has failed here before",
    bound: "until another target, or npm run lab -- retry",
    by: `${EDGE}/update`,
  },
  {
    from: "healthy",
    to: "healthy",
    when: "the target could not be fetched or staged a moment ago",
    bound: "from the third failure in a row: 60 s, doubled up to 600 s",
    by: `${EDGE}/update`,
  },
  { from: "unhealthy", to: "fetching", when: "the target is another commit", by: `${EDGE}/update` },
  {
    from: "fetching",
    to: "healthy",
    when: "it cannot be fetched or staged",
    bound: "half an hour for the pull and for the deployment; every failure is reported",
    by: `${EDGE}/update`,
  },
  {
    from: "fetching",
    to: "unhealthy",
    when: "it cannot be fetched or staged, in a red boot",
    bound: "as in a green one",
    by: `${EDGE}/update`,
  },
  { from: "fetching", to: "staged", when: "it is deployed", by: `${EDGE}/update` },
  { from: "staged", to: "healthy", when: "the target was withdrawn", by: `${EDGE}/update` },
  { from: "staged", to: "waiting", when: "the depot refuses the lock", by: `${EDGE}/applyupdate` },
  { from: "staged", to: "rebooting", when: "the depot grants the lock", by: `${EDGE}/applyupdate` },
  {
    from: "waiting",
    to: "waiting",
    when: "the depot refuses the lock again",
    bound: "every 10 s until the target is withdrawn",
    by: `${EDGE}/applyupdate`,
  },
  { from: "waiting", to: "healthy", when: "the target was withdrawn", by: `${EDGE}/applyupdate` },
  { from: "waiting", to: "rebooting", when: "the depot grants the lock", by: `${EDGE}/applyupdate` },
  {
    from: "rebooting",
    to: "booting",
    when: "the staged deployment is finalised, the counter armed",
    by: `${GREENBOOT}/greenboot-grub2-set-counter`,
  },
  {
    from: "rebooting",
    to: "booting",
    when: "the counter cannot be armed or ostree cannot finalise, the deployment before boots and reports why",
    bound: "three reboots, then the commit counts as failed; a power cut does not count",
    by: `${EDGE}/lib/attempt.sh`,
  },
  {
    from: "healthy",
    to: "rebooting",
    when: "it is to be switched off for other hardware, and the depot grants the lock",
    by: `${EDGE}/switch-off`,
  },
];

/** The table as a Mermaid state diagram, which docs/ARCHITECTURE.md contains. */
export function stateDiagram(): string {
  const lines = TRANSITIONS.map(({ from, to, when }) => `  ${from} --> ${to}: ${when}`);
  return ["stateDiagram-v2", "  [*] --> booting", ...lines].join("\n");
}

/** The transitions that are bounded, with their bounds: rows of a table in docs/ARCHITECTURE.md. */
export function boundRows(): string[][] {
  return TRANSITIONS.flatMap(({ from, to, when, bound }) =>
    bound === undefined ? [] : [[`${from} to ${to}`, when, bound]],
  );
}
