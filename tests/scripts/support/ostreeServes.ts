import type { Guest } from "./guest";

/** Makes the guest's ostree pull and deploy this commit as the real one would; the phase of the pull is kept. */
export function ostreeServes(guest: Guest, ref: string, commit: string, version = "9.9.9"): void {
  const staged = `  edge ${commit}.0 (staged)\\n    Version: ${version}\\n`;
  guest.standIn(
    "ostree",
    `case "$*" in
      "admin status") cat "$EDGE_ROOT/status" ;;
      "rev-parse edge:${ref}") echo ${commit} ;;
      "pull "*) cp "$EDGE_ROOT/run/edge/phase" "$EDGE_ROOT/phase-of-pull" ;;
      "admin deploy "*) { printf '${staged}'; cat "$EDGE_ROOT/status"; } >"$EDGE_ROOT/s"
        mv "$EDGE_ROOT/s" "$EDGE_ROOT/status"; touch "$EDGE_ROOT/run/ostree/staged-deployment" "$EDGE_ROOT/ostree/deploy" ;;
      "admin undeploy 0") rm "$EDGE_ROOT/run/ostree/staged-deployment" ;;
    esac`,
  );
}
