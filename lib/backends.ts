/** What differs between the image-builder backends beyond their verbs. */
export interface Backend {
  /** Ref that devices install and follow. */
  readonly ref: string;
  /** Group that may administer the system. */
  readonly adminGroup: string;
}

/** The backends, by the stack key `builder`. */
export const backends: Record<"debian" | "osbuild", Backend> = {
  debian: { ref: "debian/trixie/x86_64/edge", adminGroup: "sudo" },
  osbuild: { ref: "rhel/9/x86_64/edge", adminGroup: "wheel" },
};
