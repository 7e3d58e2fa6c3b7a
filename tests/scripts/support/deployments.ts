import { V1, V2, type Deployment } from "./guest";

/** The new release is staged. */
export const STAGED: readonly Deployment[] = [
  { commit: V2, version: "0.0.2", note: "staged" },
  { commit: V1, version: "0.0.1", booted: true },
];
/** It is booted. */
export const UPDATED: readonly Deployment[] = [
  { commit: V2, version: "0.0.2", booted: true },
  { commit: V1, version: "0.0.1", note: "rollback" },
];
/** The boot loader has gone back from it. */
export const FALLEN_BACK: readonly Deployment[] = [
  { commit: V2, version: "0.0.2", note: "pending" },
  { commit: V1, version: "0.0.1", booted: true },
];
