import { APP } from "../../protocol/names";
import { DEVICE } from "../../protocol/paths";

/** Prints a device's image, the one that it has refused, and the one that its container runs, a line each. */
export const STATE_COMMAND = [
  `cd ~/${DEVICE.appState} 2>/dev/null`,
  "cat image 2>/dev/null || echo",
  "cat refused 2>/dev/null || echo",
  `podman container inspect --format '{{.ImageDigest}}' ${APP.container} 2>/dev/null || echo`,
].join("; ");

/** What a device has of the app; digests, empty where there is none. */
export interface DeviceApp {
  readonly name: string;
  readonly image: string;
  readonly refused: string;
  /** Image of the container that runs now. */
  readonly container: string;
}

/** Reads what STATE_COMMAND printed; a device that could not be asked has nothing. */
export function readDeviceApp(name: string, printed: string): DeviceApp {
  const [image = "", refused = "", container = ""] = printed.split("\n").map((line) => line.trim());
  return { name, image, refused, container };
}
