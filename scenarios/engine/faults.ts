import type { DerivedFile, Difference } from "./derivedRelease";

/** A service that runs at every boot of the release, before the lab's own units. */
function earlyService(command: string): DerivedFile[] {
  return [
    {
      path: "/usr/lib/systemd/system/edge-scenario.service",
      content: `[Unit]
Description=Fault of a scenario
DefaultDependencies=no
After=local-fs.target systemd-tmpfiles-setup.service
Before=sysinit.target

[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=${command}
`,
    },
    {
      path: "/usr/lib/systemd/system/sysinit.target.wants/edge-scenario.service",
      target: "../edge-scenario.service",
    },
  ];
}

/** Name of the health check that makes a release fail. */
export const FAILING_CHECK = "99_scenario.sh";

function check(kind: "required" | "wanted"): Difference {
  const content = "#!/usr/bin/env bash\necho 'this release was made to fail this check'\nexit 1\n";
  return { files: [{ path: `/usr/lib/greenboot/check/${kind}.d/${FAILING_CHECK}`, content, mode: "0755" }] };
}

/** Ways for a release to be bad. */
export const faults = {
  /** A required health check fails. */
  required: check("required"),
  /** A wanted health check fails, which does not cause a rollback. */
  wanted: check("wanted"),
  /** The kernel panics in the booted system. */
  panicSystem: {
    files: earlyService('/bin/sh -c "echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger"'),
  },
  /** PID 1 of the initramfs exits, which causes a panic. */
  panicInitramfs: { files: [], initramfs: "#!/bin/sh\nexit 1\n" },
  /** The boot waits forever for a unit, while PID 1 keeps feeding the watchdog. */
  hangSystem: { files: earlyService("/usr/bin/sleep infinity") },
  /** The initramfs never reaches the root file system. */
  hangInitramfs: { files: [], initramfs: "#!/bin/sh\nwhile :; do /bin/sleep 3600; done\n" },
} satisfies Record<string, Difference>;
