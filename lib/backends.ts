/** What differs between the image-builder backends beyond their verbs. */
export interface Backend {
  /** Ref that devices install and follow. */
  readonly ref: string;
  /** Group of the system's administrators. */
  readonly adminGroup: string;
  /** The program that installs a device from its kickstart. */
  readonly installer: "anaconda" | "own";
}

/** The demonstration's distribution; the default. */
export const DEFAULT_DISTRIBUTION = "rhel-9";

/**
 * The backend of a stack.
 * @param distribution name and major version, e.g. `centos-9`; only `osbuild` uses it
 */
export function backendOf(
  builder: "debian" | "osbuild",
  distribution: string = DEFAULT_DISTRIBUTION,
): Backend {
  if (builder === "debian") return { ref: "debian/trixie/x86_64/edge", adminGroup: "sudo", installer: "own" };
  return { ref: `${distribution.replace("-", "/")}/x86_64/edge`, adminGroup: "wheel", installer: "anaconda" };
}
