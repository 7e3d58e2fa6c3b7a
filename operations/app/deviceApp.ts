import { APP } from "../../protocol/names";
import { DEVICE } from "../../protocol/paths";

/** Prints a device's image, the image that it has rejected, and its running container's image, one per line. */
export const STATE_COMMAND = [
  `cd ~/${DEVICE.appState} 2>/dev/null`,
  "cat image 2>/dev/null || echo",
  "cat refused 2>/dev/null || echo",
  `podman container inspect --format '{{.ImageDigest}}' ${APP.container} 2>/dev/null || echo`,
].join("; ");

/** The app's images on a device, as digests; empty if there is none. */
export interface DeviceApp {
  readonly name: string;
  readonly image: string;
  readonly refused: string;
  /** Image of the running container. */
  readonly container: string;
}

/** Parses the output of STATE_COMMAND; for an unreachable device every field is empty. */
export function readDeviceApp(name: string, printed: string): DeviceApp {
  const [image = "", refused = "", container = ""] = printed.split("\n").map((line) => line.trim());
  return { name, image, refused, container };
}
