/** A step seen on a device's serial console. */
export interface ConsoleEvent {
  readonly step: string;
  readonly detail?: string;
}

/** Boot attempts of a new deployment; GREENBOOT_MAX_BOOT_ATTEMPTS in the image. */
export const ATTEMPTS = 3;

/** The step of an upgrade that a console line shows; undefined for other lines. */
export function consoleEvent(line: string): ConsoleEvent | undefined {
  const boot = /edge-boot: boot_counter=(-?\d*) entry=(\d+)/.exec(line);
  if (boot) {
    const [, counter = "", entry] = boot;
    if (counter === "") return { step: "boot" };
    if (entry !== "0") return { step: "rollback", detail: "the boot loader takes the deployment before" };
    return { step: "attempt", detail: `${ATTEMPTS - Number(counter)} of ${ATTEMPTS}` };
  }
  const panic = /Kernel panic - not syncing: (.*)/.exec(line);
  if (panic) return { step: "panic", detail: (panic[1] ?? "").trim() };
  const said = /edge: \S+ (health=none after .*|health=red .*|rebooting into .*)/.exec(line);
  if (!said) return undefined;
  const text = (said[1] ?? "").trim();
  if (text.startsWith("rebooting")) return { step: "reboot", detail: text.replace("rebooting ", "") };
  if (text.startsWith("health=none")) return { step: "deadline", detail: text.replace("health=none ", "") };
  return { step: "red", detail: text.replace("health=red ", "") };
}
