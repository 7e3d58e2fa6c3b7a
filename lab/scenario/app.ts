import { sleep } from "../env";
import type { RunningLab } from "./runningLab";

/** The app's container as devices name it. */
export const CONTAINER = "httpd";
/** Where the devices' libraries keep which image they have. */
const STORE = "$HOME/.local/state/edge";

/** Devices on which the app's container runs now. */
export async function running(lab: RunningLab): Promise<string[]> {
  const answers = await Promise.all(
    lab.names.map(async (name) => ({
      name,
      text: await lab.ask(name, "podman ps --quiet --filter name=^httpd$"),
    })),
  );
  return answers.filter((a) => a.text.trim() !== "").map((a) => a.name);
}

/** Waits until the app is at zero on every device. Returns the seconds, or undefined after the limit. */
export async function untilZero(lab: RunningLab, limitSeconds: number): Promise<number | undefined> {
  const begun = Date.now();
  while (Date.now() - begun < limitSeconds * 1000) {
    if ((await running(lab)).length === 0) return (Date.now() - begun) / 1000;
    await sleep(1000);
  }
  return undefined;
}

/** A property of the app's unit, as systemd shows it. */
export async function unitProperty(lab: RunningLab, device: string, property: string): Promise<string> {
  const command = `systemctl --user show container-httpd.service --property ${property} --value`;
  return (await lab.ask(device, command)).trim();
}

/** Digest of the image that a device holds for the tag; empty where it has none. */
export async function imageOf(lab: RunningLab, device: string): Promise<string> {
  return (await lab.ask(device, `cat ${STORE}/image 2>/dev/null || echo`)).trim();
}

/** Digest of the image that a device has refused; empty where it has refused none. */
export async function refusedBy(lab: RunningLab, device: string): Promise<string> {
  return (await lab.ask(device, `cat ${STORE}/refused 2>/dev/null || echo`)).trim();
}
