import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

import { z } from "zod";

import { FLEET_LOCK_HEADER, lockRequestSchema } from "../../../protocol/fleetLock";
import { refusalSchema } from "../../../protocol/refusal";
import { replySchema } from "../../../protocol/reply";
import { appFailure, EVENTS, HEALTH, isWell, reportSchema, UPDATE_PHASES } from "../../../protocol/report";
import { strict } from "../../support/protocol";
import { LAB, NEW, OLD, TWO } from "../../unit/depot/support/depot";
import type { Exchange } from "../support/depotServer";
import { DevicePair } from "../support/devicePair";

const LIB = "usr/libexec/edge";
const CHECKS = "etc/greenboot/check/required.d";
const TAKE = "/v1/pre-reboot";
const RELEASE = "/v1/steady-state";
/** The answer to a lock request that is granted. */
const emptySchema = z.object({});

/** Words that a pattern finds in the guest's files: what its last group matches. */
function words(pattern: string): Set<string> {
  const found = execFileSync("grep", ["-rhoP", pattern, "assets/guest"], { encoding: "utf8" });
  return new Set(found.trim().split("\n"));
}

describe("guest: what it says to the real depot, in each state that it can be in", () => {
  let pair: DevicePair;
  const said: Exchange[] = [];
  beforeEach(async () => {
    pair = new DevicePair();
    await pair.start();
  });
  afterEach(async () => {
    said.push(...pair.server.exchanges);
    await pair.stop();
  });

  const last = (): Exchange | undefined => pair.server.exchanges.at(-1);
  const lockHolder = (): string | undefined => pair.server.fixture.depot.locks["default"]?.device;
  /** Up and healthy on the old commit. */
  const up = async (): Promise<void> => {
    await pair.reboot();
    await pair.judged("green");
  };
  const staged = async (): Promise<void> => {
    await up();
    pair.publish(NEW);
    await pair.ok(`${LIB}/update`);
  };

  it("a boot: not judged yet, then green; the reply is read", async () => {
    await pair.reboot();
    await pair.ok(`${LIB}/update`);
    assert.equal(pair.guest.read("run/edge/target"), `${OLD}\n`);
    assert.equal(pair.guest.read("var/lib/edge/upgrade-gate"), "open\n");
    assert.equal(pair.guest.read("var/lib/edge/peers"), `${TWO}\n`);
    await pair.judged("green");
    await pair.ok(`${LIB}/update`);
    assert.deepEqual(
      pair.reports().map((r) => [r.event, r.health]),
      [
        ["boot", "pending"],
        // Once more: the depot named another peer than the installer had.
        ["boot", "pending"],
        ["green", "green"],
        ["periodic", "green"],
      ],
    );
  });

  it("a boot that is red", async () => {
    await pair.reboot();
    pair.guest.write(`${CHECKS}/50_broken.sh`, "exit 7\n");
    await pair.ok(`${LIB}/report`, "periodic");
    await pair.judged("red");
    const { event, health } = pair.reports().at(-1) ?? {};
    assert.deepEqual([event, health], ["red", "red"]);
  });

  it("the virtual IP, which comes while it fetches", async () => {
    await up();
    pair.guest.standIn("ip", "echo 2: enp1s0 inet 198.51.100.100/32");
    pair.publish(
      NEW,
      `"$EDGE_ROOT/${LIB}/vip-notify" 198.51.100.100 INSTANCE RFE_VIP MASTER 255
       systemctl start "$(sed -n s/^Unit=//p "$EDGE_ROOT/usr/lib/systemd/system/edge-vip.path")"`,
    );
    await pair.ok(`${LIB}/update`);
    assert.deepEqual(
      pair
        .reports()
        .slice(-2)
        .map((r) => [r.event, r.updatePhase, r.vip, r.staged?.commit]),
      [
        ["vip", "pulling", true, undefined],
        ["staged", "staged", true, NEW],
      ],
    );
  });

  it("an app that fails and is well again", async () => {
    await up();
    const mark = "run/user/1000/edge/app-broken";
    const unit = pair.guest.read("usr/lib/systemd/system/edge-app.path");
    for (const path of [mark, "run/user/1000/edge/app-mending"]) {
      assert.ok(unit.includes(`\nPathChanged=/${path}\n`), path);
    }
    const event = /^Unit=edge-report@(.*)\.service$/m.exec(unit)?.[1] ?? "";
    pair.guest.write(mark, "the container ended before it answered\n");
    await pair.ok(`${LIB}/report`, event);
    pair.guest.shell(`rm "$ROOT/${mark}"`);
    await pair.ok(`${LIB}/report`, event);
    const [one, two] = pair.reports().slice(-2);
    assert.deepEqual(
      [one?.event, one?.health, one?.app, appFailure(one), isWell(one)],
      [
        "app",
        "green",
        "failed: the container ended before it answered",
        "the container ended before it answered",
        false,
      ],
    );
    assert.deepEqual([two?.event, isWell(two)], ["app", true]);
  });

  it("an update, from the lock to its release", async () => {
    await staged();
    pair.guest.grubenv({ boot_counter: "3", boot_success: "0" });
    await pair.ok(`${LIB}/applyupdate`);
    assert.equal(lockHolder(), "edge-1");
    assert.deepEqual(
      pair
        .reports()
        .slice(-2)
        .map((r) => [r.event, r.updatePhase, r.bootCounter]),
      [
        ["waiting-lock", "waiting-lock", 3],
        ["rebooting", "rebooting", 3],
      ],
    );
    pair.runs(NEW, OLD);
    await up();
    assert.equal(pair.reports().at(-1)?.rollback?.commit, OLD);
    await pair.ok(`${LIB}/release`);
    assert.equal(last()?.path, RELEASE);
    assert.equal(lockHolder(), undefined);
  });

  it("a lock that another device holds, and a target that is withdrawn after the lock is taken", async () => {
    await staged();
    await pair.server.fixture.lock(TAKE, TWO, "edge-2");
    await pair.ok(`${LIB}/applyupdate`);
    assert.equal(strict(refusalSchema, last()?.answer).kind, "failed_lock");
    await pair.ok(`${LIB}/report`, "periodic");
    assert.equal(pair.reports().at(-1)?.updatePhase, "waiting-lock");
    await pair.server.fixture.lock(RELEASE, TWO, "edge-2");
    pair.server.beforeNext("/v1/report", () => pair.server.fixture.publish(OLD));
    await pair.ok(`${LIB}/applyupdate`);
    assert.deepEqual(
      pair.server.exchanges.slice(-3).map((e) => e.path),
      [TAKE, "/v1/report", RELEASE],
    );
    assert.equal(lockHolder(), undefined);
  });

  it("a commit that failed its health checks, or the gate, which then opens", async () => {
    await pair.server.fixture.put("/v1/lab", { ...LAB, upgradeGate: "closed" });
    await up();
    assert.equal(pair.guest.read("var/lib/edge/upgrade-gate"), "closed\n");
    pair.publish(NEW);
    pair.runs(NEW, OLD);
    await pair.reboot();
    await pair.judged("red");
    pair.guest.grubenv({ boot_counter: "-1", boot_success: "0" });
    pair.runs(OLD, NEW, "pending");
    await pair.reboot();
    await pair.ok("usr/libexec/greenboot/greenboot-ostree-grub2-check-fallback");
    await pair.judged("green");
    const [failure, ...more] = pair.reports().at(-1)?.failed ?? [];
    assert.deepEqual(more, []);
    assert.deepEqual([failure?.commit, failure?.check, failure?.attempts], [NEW, "01_check_upgrade.sh", 1]);
    assert.equal(pair.server.fixture.depot.halts[NEW]?.device, "edge-1");
    await pair.server.fixture.put("/v1/lab", LAB);
    await pair.ok(`${LIB}/report`, "periodic");
    assert.deepEqual(
      pair
        .reports()
        .slice(-2)
        .map((r) => r.failed.length),
      [1, 0],
    );
  });

  it("a commit that never came up", async () => {
    await up();
    pair.guest.grubenv({ boot_counter: "-1", boot_success: "0" });
    pair.runs(OLD, NEW, "pending");
    await pair.ok("usr/libexec/greenboot/greenboot-ostree-grub2-check-fallback");
    await pair.ok(`${LIB}/report`, "periodic");
    assert.equal(pair.reports().at(-1)?.failed[0]?.check, "none");
  });

  it("a commit that cannot be fetched", async () => {
    await up();
    pair.publish(NEW, 'echo "error: No space left on device" >&2; exit 1');
    await pair.ok(`${LIB}/update`);
    const { event, updateError, updatePhase } = pair.reports().at(-1) ?? {};
    assert.deepEqual([event, updateError?.commit, updatePhase], ["update-error", NEW, "idle"]);
  });

  it("a lab without a release, whose reply names no commit", async () => {
    await pair.server.fixture.put("/v1/lab", { ...LAB, ref: "nothing/here" });
    await up();
    assert.ok(pair.guest.has("run/edge/reported-green"));
    assert.equal(pair.guest.has("run/edge/target"), false);
  });

  describe("over all of these", () => {
    const bodies = (path: string): unknown[] => said.filter((e) => e.path === path).map((e) => e.body);
    const reports = () => bodies("/v1/report").map((body) => strict(reportSchema, body));

    it("every report is one of the protocol, with no field that it does not list", () => {
      assert.ok(reports().length > 20);
    });

    it("every field of a report that the protocol lists is sent", () => {
      const sent = new Set(bodies("/v1/report").flatMap((body) => Object.keys(body as object)));
      assert.deepEqual([...sent].sort(), Object.keys(reportSchema.shape).sort());
    });

    it("every value that the protocol lists is sent, and no other", () => {
      const all = reports();
      assert.deepEqual(new Set(all.map((r) => r.health)), new Set(HEALTH));
      assert.deepEqual(new Set(all.map((r) => r.updatePhase)), new Set(UPDATE_PHASES));
      assert.deepEqual(new Set(all.map((r) => r.event)), new Set(EVENTS));
    });

    it("nor is another one written in the guest's files", () => {
      assert.deepEqual(
        words(String.raw`(\breport"? |\bedge-report@|\bevent=)\K[a-z]+(-[a-z]+)*(?=$|\.service| \|\|)`),
        new Set(EVENTS),
      );
      assert.deepEqual(words(String.raw`edge_put "\$RUN/phase" \K[a-z-]+`), new Set(UPDATE_PHASES));
    });

    it("every lock request is FleetLock's", () => {
      for (const path of [TAKE, RELEASE]) {
        const requests = said.filter((e) => e.path === path);
        assert.ok(requests.length > 0, path);
        for (const { headers, body } of requests) {
          assert.equal(headers[FLEET_LOCK_HEADER], "true");
          strict(lockRequestSchema, body);
        }
      }
    });

    it("nothing else is asked, and the depot takes all of it but a lock that is held", () => {
      assert.deepEqual(new Set(said.map((e) => e.path)), new Set(["/v1/report", TAKE, RELEASE]));
      for (const { path, status, answer } of said) {
        if (status === 200) strict(path === "/v1/report" ? replySchema : emptySchema, answer);
        else assert.deepEqual([path, status], [TAKE, 409]);
      }
    });
  });
});
