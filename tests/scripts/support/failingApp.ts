import assert from "node:assert/strict";

import { FakeDepot } from "./fakeDepot";
import { Guest } from "./guest";

export const GOOD = `sha256:${"a".repeat(64)}`;
export const OTHER = `sha256:${"b".repeat(64)}`;
export const STORE = "var/home/core/.local/state/edge";
export const STORAGE = "var/home/core/.local/share/containers/storage";
export const MARKS = "run/user/1000/edge";
const BROKEN = `${MARKS}/app-broken`;
const MANIFEST = "/v2/httpd/manifests/prod";

/**
 * podman as far as the device's programs use it. In the storage: `json`, damaged if it is empty; `image`, which names
 * what is in it: good, or short after a power loss. `served` is what a pull brings; `shared` a damaged layer that
 * every pull reuses.
 */
export const PODMAN = `
storage=$EDGE_ROOT/${STORAGE}
broken() { [ -d "$storage" ] && [ ! -s "$storage/json" ] && [ -e "$storage/json" ]; }
case "$1 $2" in
  "unshare rm") shift; exec "$@" ;;
  "version --format") echo "$(cat "$EDGE_ROOT/podman-version")"; exit ;;
esac
if [ -e "$EDGE_ROOT/busy" ]; then exit 124; fi
if broken; then echo "time=x level=error" >&2; echo "Error: unexpected end of JSON input" >&2; exit 125; fi
mkdir -p "$storage"
case "$1 $2" in
  "image exists") [ -e "$storage/image" ] ;;
  "system check") [ -e "$storage/shared" ] || exit 0
    case $* in *--repair*) rm -f "$storage/shared" "$storage/image" ;; *) echo "Damaged layer 1234:"; exit 125 ;; esac ;;
  images*) [ ! -e "$storage/image" ] || echo 0a1b2c ;;
  rmi*) rm -f "$storage/image" ;;
  run*) [ -e "$storage/image" ] || exit 125 ;;
  pull*) [ -e "$EDGE_ROOT/served" ] || exit 125
    cp "$EDGE_ROOT/served" "$storage/image"; [ ! -e "$storage/shared" ] || echo short >"$storage/image" ;;
esac`;

/** A device whose app does not start, and its registry. */
export class FailingApp {
  readonly guest = new Guest();
  readonly registry = new FakeDepot();

  async start(): Promise<void> {
    const { guest, registry } = this;
    await registry.start();
    guest.noStandIn("curl");
    guest.device({ EDGE_REGISTRY: registry.address });
    guest.write("etc/edge/edge.conf", "EDGE_APP_TRIAL_SECONDS=0\n");
    guest.write("podman-version", "5.4.2\n");
    guest.standIn("podman", PODMAN);
    guest.standIn("systemctl", "exit 3");
    guest.write(
      "usr/libexec/edge/app-ready",
      `#!/bin/sh\necho "ready $*" >>"$EDGE_ROOT/calls"; grep -q good "$EDGE_ROOT/${STORAGE}/image"\n`,
    );
    guest.write(`${MARKS}/app-prepared`, "");
    guest.write(`${STORE}/image`, `${GOOD}\n`);
    guest.write(`${STORAGE}/json`, "{}");
    guest.write("served", "good\n");
    this.tag(GOOD);
  }

  async remove(): Promise<void> {
    await this.registry.stop();
    this.guest.remove();
  }

  /** What the registry says that `prod` names. */
  tag(digest: string): void {
    this.registry.answer(MANIFEST, { headers: { "docker-content-digest": digest } });
  }

  /** The registry does not answer. */
  away(): void {
    this.registry.answer(MANIFEST, { status: 503 });
  }

  /** The app of this content did not start. */
  failed(image: string | undefined): void {
    if (image !== undefined) this.guest.write(`${STORAGE}/image`, `${image}\n`);
    this.guest.write(BROKEN, "the container ended before it answered\n");
  }

  /** One run of app-update; returns what it logged. */
  async update(): Promise<string> {
    const outcome = await this.guest.served("usr/libexec/edge/app-update", [], {
      XDG_RUNTIME_DIR: `${this.guest.root}/run/user/1000`,
    });
    assert.equal(outcome.status, 0, outcome.stderr);
    return outcome.stderr;
  }

  /** The app's state in a report. */
  state(): string {
    return this.guest.shell('read_app; printf "%s" "$APP_STATE"');
  }

  uptime(seconds: number): void {
    this.guest.write("proc/uptime", `${seconds}.12 1.00\n`);
  }

  /** Calls of podman that begin with these words. */
  podman(words: string): string[] {
    return this.guest.calls().filter((call) => call.startsWith(`podman ${words}`));
  }
}
