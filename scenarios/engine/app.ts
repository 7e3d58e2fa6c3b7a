import { readDeviceApp, STATE_COMMAND, type DeviceApp } from "../../operations/app/deviceApp";
import { APP } from "../../protocol/names";
import type { RunningLab } from "./runningLab";
import { waitFor } from "../../client/wait";

/** Devices on which the app's container is running. */
export async function running(lab: RunningLab): Promise<string[]> {
  const answers = await Promise.all(
    lab.names.map(async (name) => ({
      name,
      text: await lab.ask(name, `podman ps --quiet --filter name=^${APP.container}$`),
    })),
  );
  return answers.filter((a) => a.text.trim() !== "").map((a) => a.name);
}

/** Waits until the app is at zero on every device. Returns the seconds, or undefined after the time limit. */
export async function untilZero(lab: RunningLab, limitSeconds: number): Promise<number | undefined> {
  return (await waitFor(limitSeconds, async () => (await running(lab)).length === 0, 1000))?.seconds;
}

/** A property of the app's unit, as systemd shows it. */
export async function unitProperty(lab: RunningLab, device: string, property: string): Promise<string> {
  const command = `systemctl --user show ${APP.service} --property ${property} --value`;
  return (await lab.ask(device, command)).trim();
}

/** The images of the app on a device. */
export async function appOf(lab: RunningLab, device: string): Promise<DeviceApp> {
  return readDeviceApp(device, await lab.ask(device, STATE_COMMAND));
}

/** Whether every device has this image of the app. */
export async function allHaveImage(lab: RunningLab, digest: string): Promise<boolean> {
  const apps = await Promise.all(lab.names.map((name) => appOf(lab, name)));
  return apps.every((app) => app.image === digest);
}
