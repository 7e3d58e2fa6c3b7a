import assert from "node:assert/strict";

import { scaleToZeroCommand } from "../../../client/scaleToZero";
import { FakeDepot } from "../support/fakeDepot";
import { Guest } from "../support/guest";

const OLD = `sha256:${"a".repeat(64)}`;
const NEW = `sha256:${"b".repeat(64)}`;
const STORE = "var/home/core/.local/state/edge";
const MARKS = "run/user/1000/edge";
const PREPARED = `${MARKS}/app-prepared`;
const MANIFEST = "/v2/httpd/manifests/prod";

describe("guest: the app", () => {
  let guest: Guest;
  let registry: FakeDepot;
  beforeEach(async () => {
    guest = new Guest();
    registry = new FakeDepot();
    await registry.start();
    guest.noStandIn("curl");
    guest.device({ EDGE_REGISTRY: registry.address });
    guest.write("etc/edge/edge.conf", "EDGE_APP_TRIAL_SECONDS=0\n");
    guest.write(PREPARED, "");
    tag(NEW);
    atZero();
  });
  afterEach(async () => {
    await registry.stop();
    guest.remove();
  });

  const tag = (digest: string): void =>
    registry.answer(MANIFEST, { headers: { "docker-content-digest": digest } });
  const atZero = (): void => guest.standIn("systemctl", "exit 3");
  const running = (word: string): void => {
    guest.standIn("systemctl", "");
    guest.standIn("podman", `[ "$1" != auto-update ] || echo "container-httpd.service ${word}"`);
  };
  /** Sets whether the app on the trial's port answers. */
  const trialAnswers = (yes: boolean): void =>
    guest.write(
      "usr/libexec/edge/app-ready",
      `#!/bin/sh\necho "ready $*" >>"$EDGE_ROOT/calls"; exit ${yes ? 0 : 1}\n`,
    );
  const update = async (): Promise<string> => {
    const outcome = await guest.served("usr/libexec/edge/app-update", [], {
      XDG_RUNTIME_DIR: `${guest.root}/run/user/1000`,
    });
    assert.equal(outcome.status, 0, outcome.stderr);
    return outcome.stderr;
  };
  const podman = (): string[] =>
    guest
      .calls()
      .filter((call) => call.startsWith("podman "))
      .map((call) => call.split(" ")[1] ?? "");

  it("first start: the image is fetched, without a trial", async () => {
    await update();
    assert.deepEqual(podman(), ["pull", "pull", "image"]);
    assert.equal(guest.read(`${STORE}/image`), `${NEW}\n`);
  });

  describe("a new boot, before the device takes requests", () => {
    beforeEach(() => {
      guest.write(`${STORE}/image`, `${NEW}\n`);
      guest.shell(`rm "$ROOT/${PREPARED}"`);
    });
    /** Calls in two runs, and the word "fit" when the device takes requests. */
    const twoRuns = async (podmanDoes = "", systemctlDoes = ""): Promise<string[]> => {
      const does = (words: string): string =>
        `[ ! -e "$EDGE_ROOT/${PREPARED}" ] || echo fit >>"$EDGE_ROOT/calls"; ${words}`;
      guest.standIn("podman", does(podmanDoes));
      guest.standIn("systemctl", does(systemctlDoes));
      await update();
      guest.shell("systemctl end || :");
      await update();
      return guest
        .calls()
        .filter((call) => /^(podman|systemctl|fit)/.test(call))
        .map((call) => call.split(" ").slice(0, 3).join(" "));
    };

    for (const [what, status] of [
      ["starts the app once, so that no request waits for what podman and the app do first", 0],
      ["takes requests also when that fails: the mark of the failed start decides", 1],
    ] as const) {
      it(what, async () => {
        assert.deepEqual(await twoRuns("", `exit ${status}`), [
          "podman image exists",
          "systemctl --user start",
          "systemctl end",
          "fit",
        ]);
      });
    }

    it("does not set up a podman that is too slow a second time", async () => {
      assert.deepEqual(await twoRuns("exit 124"), ["podman image exists", "systemctl end", "fit"]);
    });

    it("fetches the first image, which no request is to wait for either", async () => {
      guest.delete(`${STORE}/image`);
      const calls = await twoRuns('[ "$1 $2" != "image exists" ]', "exit 3");
      assert.deepEqual(calls, [
        "podman image exists",
        "podman pull --quiet",
        "podman pull --quiet",
        "podman image prune",
        "systemctl end",
        "fit",
      ]);
    });

    it("without an image or a registry the device is not kept waiting", async () => {
      guest.delete(`${STORE}/image`);
      guest.device({ EDGE_REGISTRY: "127.0.0.1:1" });
      assert.deepEqual(await twoRuns('[ "$1" != image ]'), ["podman image exists", "systemctl end", "fit"]);
    });
  });

  it("the tag has not moved: one request, no podman", async () => {
    guest.write(`${STORE}/image`, `${NEW}\n`);
    await update();
    assert.deepEqual(podman(), []);
    assert.deepEqual(
      registry.calls.map((call) => call.method),
      ["HEAD"],
    );
  });

  it("the tag moved while the app is at zero: tried, then fetched", async () => {
    guest.write(`${STORE}/image`, `${OLD}\n`);
    trialAnswers(true);
    await update();
    assert.deepEqual(podman(), ["pull", "rm", "run", "rm", "pull", "image"]);
    assert.equal(guest.read(`${STORE}/image`), `${NEW}\n`);
  });

  it("the tag moved while the app runs: podman auto-update restarts it", async () => {
    guest.write(`${STORE}/image`, `${OLD}\n`);
    trialAnswers(true);
    running("true");
    await update();
    assert.deepEqual(podman(), ["pull", "rm", "run", "rm", "auto-update", "image"]);
    assert.equal(guest.read(`${STORE}/image`), `${NEW}\n`);
  });

  it("an image that never answers is refused once, and the tag stays where it was", async () => {
    guest.write(`${STORE}/image`, `${OLD}\n`);
    trialAnswers(false);
    assert.match(await update(), /is refused: it did not answer; the one before stays/);
    assert.equal(guest.read(`${STORE}/image`), `${OLD}\n`);
    assert.equal(guest.read(`${STORE}/refused`), `${NEW}\n`);
    const tagged = guest.calls().filter((call) => call.startsWith("podman pull") && call.includes(":prod"));
    assert.deepEqual(tagged, []);
    guest.forgetCalls();
    await update();
    assert.deepEqual(podman(), []);
    assert.match(
      guest.shell('read_app; printf "%s" "$APP_STATE"'),
      new RegExp(`^zero, image refused: ${NEW}$`),
    );
  });

  it("an image that ends is refused at once, one that only runs when its time is over", async () => {
    guest.write("etc/edge/edge.conf", "EDGE_APP_TRIAL_SECONDS=600\n");
    guest.write(`${STORE}/image`, `${OLD}\n`);
    trialAnswers(false);
    guest.standIn("podman", '[ "$1 $2" != "container inspect" ] || echo false');
    assert.match(await update(), /is refused/);
    tag(OLD.replace(/.$/, "9"));
    guest.write("etc/edge/edge.conf", "EDGE_APP_TRIAL_SECONDS=1\n");
    guest.standIn("podman", '[ "$1 $2" != "container inspect" ] || { sleep 0.6; echo true; }');
    guest.forgetCalls();
    assert.match(await update(), /is refused/);
    assert.ok(guest.calls().filter((call) => call.startsWith("ready ")).length > 1);
  });

  it("what podman auto-update had to roll back is refused as well", async () => {
    guest.write(`${STORE}/image`, `${OLD}\n`);
    trialAnswers(true);
    running("rolled back");
    assert.match(await update(), /podman auto-update says: rolled back/);
    assert.equal(guest.read(`${STORE}/image`), `${OLD}\n`);
  });

  it("a tag that goes back to what is here ends the refusal", async () => {
    guest.write(`${STORE}/image`, `${OLD}\n`);
    guest.write(`${STORE}/refused`, `${NEW}\n`);
    tag(OLD);
    await update();
    assert.equal(guest.has(`${STORE}/refused`), false);
  });

  it("a registry that is away, or a pull that breaks, changes nothing and fails nothing", async () => {
    guest.write(`${STORE}/image`, `${OLD}\n`);
    guest.standIn("podman", '[ "$1" != pull ]');
    assert.match(await update(), /tried again later/);
    guest.device({ EDGE_REGISTRY: "127.0.0.1:1" });
    await update();
    assert.equal(guest.read(`${STORE}/image`), `${OLD}\n`);
    assert.equal(guest.has(`${STORE}/refused`), false);
  });

  it("after a start that failed the image is tried again, and the mark goes when it answers", async () => {
    guest.write(`${STORE}/image`, `${NEW}\n`);
    guest.write(`${MARKS}/app-broken`, "");
    trialAnswers(false);
    await update();
    assert.ok(guest.has(`${MARKS}/app-broken`));
    trialAnswers(true);
    await update();
    assert.equal(guest.has(`${MARKS}/app-broken`), false);
  });

  describe("after the lab has asked it", () => {
    const rest = (connections: number): boolean => {
      const line = "TIME-WAIT 0 0 198.51.100.100:8080 198.51.100.1:4000";
      guest.standIn(
        "ss",
        `echo "LISTEN 0 512 198.51.100.100:8080 0.0.0.0:*"; yes "${line}" | head -n ${connections}`,
      );
      guest.standIn("systemctl", "");
      guest.forgetCalls();
      guest.shell(scaleToZeroCommand("http://198.51.100.100:8080/"));
      const calls = guest.calls();
      assert.equal(calls.shift(), "ss -Htan src 198.51.100.100:8080");
      const stop = "systemctl --user stop container-httpd-proxy.service container-httpd.service";
      assert.ok(calls.length === 0 || calls[0] === stop);
      return calls.length === 1;
    };

    it("goes back to zero when nobody else did, or nobody at all", () => {
      assert.equal(rest(1), true);
      assert.equal(rest(0), true);
    });

    it("goes on when somebody uses it", () => {
      assert.equal(rest(4), false);
    });
  });
});
