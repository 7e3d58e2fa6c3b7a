import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import {
  DEVICE_STATES,
  TRANSITIONS,
  type DeviceState,
  type DeviceStateName,
  type Transition,
} from "../../../protocol/deviceStates";
import { bootMenu, type End } from "../support/bootMenu";
import { FakeDepot } from "../support/fakeDepot";
import { ostreeServes } from "../support/ostreeServes";
import { FALLEN_BACK, STAGED, UPDATED } from "../support/deployments";
import { Guest, V1, V2 } from "../support/guest";

const REF = "debian/trixie/x86_64/edge";
const GREENBOOT = "usr/libexec/greenboot";
const name = ({ from, to, when }: Transition): string => `${from} -> ${to}: ${when}`;

/** Every transition of the table, with the device's own programs on a temporary root. */
describe("guest: the states of a device", () => {
  let guest: Guest;
  let depot: FakeDepot;
  beforeEach(async () => {
    guest = new Guest();
    depot = new FakeDepot();
    await depot.start();
    guest.noStandIn("curl");
    guest.device({ EDGE_DEPOT: `http://${depot.address}` });
    guest.write("boot/loader/entries/ostree-1.conf", "");
    guest.write("boot/loader/entries/ostree-2.conf", "");
    depot.answer("/v1/pre-reboot", { body: "{}" });
    depot.answer("/v1/steady-state", { body: "{}" });
    wants(V2);
  });
  afterEach(async () => {
    await depot.stop();
    guest.remove();
  });

  const wants = (commit: string): void => {
    depot.reply({ peers: [], target: { ref: REF, commit }, upgradeGate: "open" });
    ostreeServes(guest, REF, commit, "0.0.2");
  };
  const counter = (value: number | undefined): void =>
    guest.grubenv({
      boot_success: "0",
      ...(value === undefined ? {} : { boot_counter: String(value) }),
    });
  const health = (value: string): void => guest.write("run/edge/health", `${value}\n`);
  const phase = (value: string): void => guest.write("run/edge/phase", `${value}\n`);
  const run = async (program: string, ...args: string[]): Promise<number | null> =>
    (await guest.served(program, args)).status;
  const update = async (): Promise<void> => assert.equal(await run("usr/libexec/edge/update"), 0);
  const apply = async (): Promise<void> => assert.equal(await run("usr/libexec/edge/applyupdate"), 0);

  /** Runs greenboot with one required check that passes or fails, then the actions of the target that follows. */
  const check = async (passes: boolean): Promise<void> => {
    guest.shell(`rm -rf "$ROOT"/usr/lib/greenboot/check/* "$ROOT"/etc/greenboot/check/*`);
    guest.write("etc/greenboot/check/required.d/50_test.sh", `exit ${passes ? 0 : 1}\n`);
    assert.equal(await run(`${GREENBOOT}/greenboot`, "check"), passes ? 0 : 1);
    if (passes) assert.equal(await run(`${GREENBOOT}/greenboot-grub2-set-success`), 0);
    else assert.equal(await run(`${GREENBOOT}/redboot-auto-reboot`), 0);
  };

  /** Runs the boot menu, then the boot that it selected. */
  const bootLoader = (end: End = "r"): void => {
    guest.deployed(bootMenu(guest, end).entry === 1 ? FALLEN_BACK : UPDATED);
    guest.shell('rm -rf "$RUN"; mkdir "$RUN"');
    health("pending");
  };

  const rebooted = (): void => assert.ok(guest.calls().includes("systemctl --no-block reboot"));

  /** For each transition: sets up the situation, triggers it, and checks what must hold besides the new state. */
  const cases: Record<string, () => void | Promise<void>> = {
    "booting -> healthy: every required check passes": async () => {
      guest.deployed(UPDATED);
      counter(2);
      health("pending");
      await check(true);
    },
    "booting -> retrying: a required check fails, the counter is armed": async () => {
      guest.deployed(UPDATED);
      counter(2);
      health("pending");
      await check(false);
      rebooted();
    },
    "booting -> unhealthy: a required check fails, the counter is not armed": async () => {
      counter(undefined);
      health("pending");
      await check(false);
      assert.ok(!guest.calls().includes("systemctl --no-block reboot"));
    },
    "booting -> booting: panic, or reset by the watchdog, attempts are left": () => {
      counter(2);
      bootLoader();
      assert.match(guest.read("boot/grub/grubenv"), /^boot_counter=1$/m);
    },
    "booting -> fallback: panic, or reset by the watchdog, no attempt is left": () => {
      counter(0);
      bootLoader();
    },
    "booting -> booting: no verdict in time, attempts are left": async () => {
      guest.deployed(UPDATED);
      counter(2);
      health("pending");
      guest.write("proc/uptime", "5000.0 1.0\n");
      assert.equal(await run("usr/libexec/edge/boot-deadline"), 0);
      assert.ok(guest.calls().includes("systemctl --force reboot"));
      bootLoader();
    },
    "booting -> booting: power cut, which does not count as an attempt": () => {
      counter(2);
      bootMenu(guest);
      bootLoader("p");
      assert.match(guest.read("boot/grub/grubenv"), /^boot_counter=1$/m);
    },
    "retrying -> booting: attempts are left": () => {
      counter(1);
      health("red");
      bootLoader();
      assert.match(guest.read("boot/grub/grubenv"), /^boot_counter=0$/m);
    },
    "retrying -> fallback: no attempt is left": () => {
      counter(0);
      health("red");
      bootLoader();
    },
    "fallback -> booting: the failed commit is recorded, what runs is the default again": async () => {
      guest.deployed(FALLEN_BACK);
      counter(-1);
      health("pending");
      assert.equal(await run(`${GREENBOOT}/greenboot-ostree-grub2-check-fallback`), 0);
      assert.ok(guest.calls().includes("ostree admin set-default 1"));
      const [failed] = guest.json("var/lib/edge/failed.json") as { commit: string }[];
      assert.equal(failed?.commit, V2);
    },
    "healthy -> fetching: the target is another commit": async () => {
      health("green");
      await update();
      phase(guest.read("phase-of-pull").trim());
    },
    "healthy -> healthy: the target has failed here before": async () => {
      health("green");
      guest.write("var/lib/edge/failed.json", JSON.stringify([{ commit: V2, check: "x", output: "" }]));
      await update();
      assert.equal(guest.has("phase-of-pull"), false);
    },
    "healthy -> healthy: the target could not be fetched or staged a moment ago": async () => {
      health("green");
      guest.shell(`for i in 1 2 3; do update_error_add ${V2} "no space"; done`);
      await update();
      assert.equal(guest.has("phase-of-pull"), false);
      guest.write("proc/uptime", "101.0 70.00\n");
      await update();
      assert.equal(guest.read("phase-of-pull"), "pulling\n");
      guest.deployed([{ commit: V1, version: "0.0.1", booted: true }]);
      phase("idle");
    },
    "fetching -> unhealthy: it cannot be fetched or staged, in a red boot": async () => {
      health("red");
      guest.standIn("ostree", `[ "$1" != pull ] || exit 1`);
      await update();
      assert.ok(guest.has("run/edge/update-error.json"));
    },
    "unhealthy -> fetching: the target is another commit": async () => {
      health("red");
      await update();
      phase(guest.read("phase-of-pull").trim());
    },
    "fetching -> healthy: it cannot be fetched or staged": async () => {
      health("green");
      guest.standIn("ostree", `[ "$1" != pull ] || exit 1`);
      await update();
      assert.ok(guest.has("run/edge/update-error.json"));
    },
    "fetching -> staged: it is deployed": async () => {
      health("green");
      await update();
      assert.equal(guest.read("phase-of-pull"), "pulling\n");
    },
    "staged -> healthy: the target was withdrawn": async () => {
      guest.deployed(STAGED);
      health("green");
      phase("staged");
      wants(V1);
      await update();
      assert.ok(guest.calls().includes("ostree admin undeploy 0"));
    },
    "staged -> waiting: the depot refuses the lock": async () => {
      guest.deployed(STAGED);
      health("green");
      phase("staged");
      depot.answer("/v1/pre-reboot", { status: 409, body: '{"kind":"failed_lock","value":"held"}' });
      await apply();
    },
    "staged -> rebooting: the depot grants the lock": async () => {
      guest.deployed(STAGED);
      health("green");
      phase("staged");
      await apply();
      rebooted();
    },
    "waiting -> waiting: the depot refuses the lock again": async () => {
      guest.deployed(STAGED);
      health("green");
      phase("waiting-lock");
      depot.answer("/v1/pre-reboot", { status: 409, body: '{"kind":"failed_lock","value":"held"}' });
      await apply();
      assert.ok(!guest.calls().includes("systemctl --no-block reboot"));
    },
    "waiting -> healthy: the target was withdrawn": async () => {
      guest.deployed(STAGED);
      health("green");
      phase("waiting-lock");
      wants(V1);
      await apply();
      assert.equal(guest.has("var/lib/edge/lock-held"), false);
    },
    "waiting -> rebooting: the depot grants the lock": async () => {
      guest.deployed(STAGED);
      health("green");
      phase("waiting-lock");
      await apply();
      rebooted();
      assert.ok(guest.has("var/lib/edge/lock-held"));
    },
    "rebooting -> booting: the staged deployment is finalised, the counter armed": async () => {
      guest.deployed(STAGED);
      counter(undefined);
      assert.equal(await run(`${GREENBOOT}/greenboot-grub2-set-counter`), 0);
      assert.match(guest.read("boot/grub/grubenv"), /^boot_counter=3$/m);
      bootLoader();
      assert.match(guest.read("boot/grub/grubenv"), /^boot_counter=2$/m);
    },
    "rebooting -> booting: the counter cannot be armed or ostree cannot finalise, the deployment before boots and reports why":
      async () => {
        guest.deployed(STAGED);
        health("green");
        await apply();
        bootMenu(guest);
        guest.deployed([{ commit: V1, version: "0.0.1", booted: true }]);
        guest.shell('rm -rf "$RUN"; mkdir "$RUN"');
        guest.write("boot/ostree/finalize-failure.stamp", "error: cannot merge\n");
        assert.equal(await run("usr/libexec/edge/provision", "boot"), 0);
        const { output } = guest.json("run/edge/update-error.json") as { output: string };
        assert.match(output, /cannot merge/);
      },
    "healthy -> rebooting: it is to be switched off for other hardware, and the depot grants the lock":
      async () => {
        health("green");
        assert.equal(await run("usr/libexec/edge/switch-off"), 0);
        assert.ok(guest.calls().includes("systemctl --no-block poweroff"));
      },
  };

  const observed = (): Record<keyof Omit<DeviceState, "meaning">, string> => {
    const value = guest.shell(
      'read_boot_counter; edge_read health "$RUN/health"; edge_read phase "$RUN/phase" idle; echo "$health $phase ${BOOT_COUNTER:-none}"',
    );
    const [verdict = "", updatePhase = "", boot = ""] = value.trim().split(" ");
    return {
      health: verdict,
      updatePhase,
      bootCounter: boot === "none" ? "none" : boot === "-1" ? "fallback" : "armed",
    };
  };
  const isIn = (state: DeviceStateName): void => {
    const { meaning: _, ...expected } = DEVICE_STATES[state];
    const seen = observed();
    const shown = Object.entries(expected).map(([key, value]) => [
      key,
      value === "any" ? "any" : seen[key as keyof typeof seen],
    ]);
    assert.deepEqual(Object.fromEntries(shown), expected);
  };

  for (const transition of TRANSITIONS) {
    it(name(transition), async () => {
      const act = cases[name(transition)];
      assert.ok(act, "the table has a transition that no case shows");
      await act();
      isIn(transition.to);
    });
  }

  it("has no case beyond the table, and each transition's file is there", () => {
    assert.deepEqual(Object.keys(cases).sort(), TRANSITIONS.map(name).sort());
    for (const { by } of TRANSITIONS) assert.ok(readFileSync(by, "utf8").length > 0, by);
  });

  it("shows no two states alike", () => {
    const shown = Object.values(DEVICE_STATES).map(({ meaning: _, ...rest }) => JSON.stringify(rest));
    assert.equal(new Set(shown).size, shown.length);
  });
});
