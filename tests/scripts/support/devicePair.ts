import assert from "node:assert/strict";

import type { DeviceReport } from "../../../protocol/report";
import { OLD, ONE } from "../../unit/depot/support/depot";
import { DepotServer } from "./depotServer";
import { Guest } from "./guest";

const LIB = "usr/libexec/edge";
const REF = "debian/trixie/x86_64/edge";

/** One device of the depot's lab, with the depot that it talks to. */
export class DevicePair {
  readonly guest = new Guest();
  readonly server = new DepotServer(ONE);
  private boots = 1;

  async start(): Promise<void> {
    await this.server.start();
    this.guest.noStandIn("curl");
    this.guest.device({
      EDGE_NAME: "edge-1",
      EDGE_ADDRESS: ONE,
      EDGE_DEPOT: this.server.url,
      EDGE_PEERS: "",
      EDGE_HANDOVER_SECONDS: "0",
    });
    this.guest.append("proc/net/tcp", "   0: 646433C6:1F90 00000000:0000 0A 00000000:00000000\n");
    // Units that the guest's scripts start to report do so at once.
    this.guest.standIn(
      "systemctl",
      `for unit; do
        case $unit in edge-report@*.service) unit=\${unit#*@}; "$EDGE_ROOT/${LIB}/report" "\${unit%.service}" ;; esac
      done`,
    );
    // The user manager's part of a boot.
    this.guest.write("run/user/1000/edge/app-prepared", "");
    this.runs(OLD);
  }

  /** The device is on this commit; it can go back, or forward, to the other one. */
  runs(commit: string, other?: string, note: "rollback" | "pending" = "rollback"): void {
    const others = other === undefined ? [] : [{ commit: other, version: "0.0.0", note }];
    const booted = { commit, version: "0.0.1", booted: true };
    this.guest.deployed(note === "pending" ? [...others, booted] : [booted, ...others]);
  }

  /** What ostree does when it is asked for a commit; `pull` is what happens meanwhile. */
  publish(commit: string, pull = ":"): void {
    this.server.fixture.publish(commit);
    this.guest.standIn(
      "ostree",
      `case "$*" in
        "admin status") cat "$EDGE_ROOT/status" ;;
        pull*) ${pull} ;;
        "rev-parse edge:${REF}") echo ${commit} ;;
        "admin deploy "*) { printf '  edge ${commit}.0 (staged)\\n    Version: 0.0.2\\n'; cat "$EDGE_ROOT/status"; } >"$EDGE_ROOT/s"
          mv "$EDGE_ROOT/s" "$EDGE_ROOT/status"; touch "$EDGE_ROOT/run/ostree/staged-deployment" "$EDGE_ROOT/ostree/deploy" ;;
      esac`,
    );
  }

  async run(program: string, ...args: string[]): Promise<number | null> {
    const { status } = await this.guest.served(program, args);
    return status;
  }

  async ok(program: string, ...args: string[]): Promise<void> {
    const { status, stdout, stderr } = await this.guest.served(program, args);
    assert.equal(status, 0, `${program} ${args.join(" ")}: ${stdout}${stderr}`);
  }

  /** Health checks, then what greenboot runs after them. */
  async judged(verdict: "green" | "red"): Promise<void> {
    assert.equal(await this.run(`usr/libexec/greenboot/greenboot`, "check"), verdict === "green" ? 0 : 1);
    await this.ok(`usr/lib/greenboot/${verdict}.d/90_report.sh`);
  }

  /** /run does not outlive a reboot. */
  async reboot(): Promise<void> {
    this.guest.shell('rm -rf "$RUN" && mkdir "$RUN"');
    this.guest.write(
      "proc/sys/kernel/random/boot_id",
      `0a0a0a0a-0000-4000-8000-00000000000${++this.boots}\n`,
    );
    await this.ok(`${LIB}/provision`, "boot");
  }

  reports(): DeviceReport[] {
    return this.server.exchanges.filter((e) => e.path === "/v1/report").map((e) => e.body as DeviceReport);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    this.guest.remove();
  }
}
