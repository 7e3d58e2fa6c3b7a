import { derive } from "./engine/derivedRelease";
import { holdsHealthy } from "./engine/invariants";
import { takeTo, type Publication } from "./engine/publish";
import { Random } from "./engine/random";
import type { Figures, Run, Scenario } from "./engine/scenario";

/** Time for all devices, one after the other, without KVM. */
const LIMIT_SECONDS = 900;
const GRUBENV = "/boot/grub/grubenv";
/** Size that grub-editenv gives the file, and that GRUB insists on. */
const SIZE = 1024;

/** A damage to the environment block, and the command that writes such a file to standard output. */
interface Damage {
  readonly what: string;
  readonly command: string;
}
const DAMAGES: readonly Damage[] = [
  { what: "empty", command: ":" },
  { what: "all NUL", command: `head -c ${SIZE} /dev/zero` },
  { what: "one byte", command: "printf '#'" },
  { what: "edited by hand", command: "printf '# my settings\\nboot_success=1\\n\\n'" },
  { what: "a block cut short", command: `head -c 512 ${GRUBENV}` },
  { what: "a block with foreign text in it", command: `tr '#' '\\n' <${GRUBENV}` },
];

/** Damages a device's environment block in place, so that it is on the disk as GRUB reads it. */
async function damage({ lab, timeline }: Run, device: string, { what, command }: Damage): Promise<void> {
  const script = `sudo bash <<'END'
set -euo pipefail
mount -o remount,rw /boot
(${command}) >/run/edge-scenario-grubenv
cat /run/edge-scenario-grubenv >${GRUBENV}
rm /run/edge-scenario-grubenv
sync -f ${GRUBENV}
fsfreeze -f /boot && fsfreeze -u /boot
END`;
  await lab.ask(device, script);
  timeline.mark(device, "damaged grubenv", what);
}

/** The environment block is whole, and its counter was armed for the release. */
async function holdsMended(run: Run, device: string, what: string, from: number): Promise<void> {
  const { lab, timeline, invariants } = run;
  const first = timeline.events.slice(from).find((e) => e.subject === device && e.step === "attempt");
  invariants.equal(`${device}, ${what}: the counter was armed`, first?.detail, "1 of 3");
  const { exitCode, stdout } = await lab.on(
    device,
    `sudo stat --format %s ${GRUBENV} && sudo grub-editenv ${GRUBENV} list`,
  );
  const [size = ""] = stdout.split("\n");
  invariants.equal(`${device}, ${what}: grubenv is whole`, [exitCode, Number(size)], [0, SIZE]);
}

/** The boot loader's environment block is damaged when a release arrives. */
export const damagedGrubenv: Scenario = {
  summary:
    "grubenv is empty, NUL, cut short or edited by hand before a release: the device makes it anew and takes the release",
  async run(run: Run): Promise<Figures> {
    const { lab, timeline, invariants, base, options } = run;
    const waiting = new Random(options.seed).shuffled(DAMAGES);
    const release = await derive(lab, base, "damaged-grubenv", {
      files: [{ path: "/usr/share/edge/scenario.txt", content: "This release came with a new grubenv.\n" }],
    });
    const figures: Record<string, number> = {};
    let on: Publication = base;
    // There and back, until every damage had its turn and the lab is where it was.
    while (waiting.length > 0 || on !== base) {
      const from = timeline.events.length;
      const struck: [string, Damage][] = [];
      for (const name of lab.names) {
        const next = waiting.shift();
        if (next) struck.push([name, next]);
      }
      for (const [name, one] of struck) await damage(run, name, one);
      on = on === base ? release : base;
      await takeTo(run, on, LIMIT_SECONDS);
      for (const [name, { what }] of struck) {
        await holdsMended(run, name, what, from);
        const seconds = timeline.between(name, "damaged grubenv", "healthy", from);
        figures[`${what}: seconds until healthy`] = seconds ?? -1;
      }
    }
    await holdsHealthy(lab, invariants, base.commit);
    return figures;
  },
};
