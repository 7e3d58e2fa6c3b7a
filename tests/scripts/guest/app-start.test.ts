import assert from "node:assert/strict";

import { FakeApp } from "../support/fakeApp";
import { Guest } from "../support/guest";
import type { Outcome } from "../support/sandbox";

const MARKS = "run/user/1000/edge";
const BROKEN = `${MARKS}/app-broken`;
const STARTING = `${MARKS}/app-starting`;
const STORE = "var/home/core/.local/state/edge";
const SERVICE = "user.slice/user-1000.slice/user@1000.service/app.slice/container-httpd.service";
const PAYLOAD = `sys/fs/cgroup/${SERVICE}/libpod-payload-0a1b/cgroup.events`;
const OK = "HTTP/1.1 200 OK\r\n\r\n";

describe("guest: a start of the app", () => {
  let guest: Guest;
  let app: FakeApp;
  beforeEach(() => {
    guest = new Guest();
    app = new FakeApp();
    guest.write("proc/self/cgroup", `0::/${SERVICE}/.control\n`);
  });
  afterEach(async () => {
    await app.close();
    guest.remove();
  });

  const clock = (seconds: number): void => guest.write("proc/uptime", `${seconds.toFixed(2)} 1.00\n`);
  const container = (runs: boolean): void => guest.write(PAYLOAD, `populated ${runs ? 1 : 0}\nfrozen 0\n`);
  const state = (): string => guest.shell('read_app; printf "%s" "$APP_STATE"');

  const ready = async (port: string, seconds = "0", env: Record<string, string> = {}): Promise<Outcome> =>
    guest.served(
      "usr/libexec/edge/app-ready",
      [port, seconds, `${guest.root}/${MARKS}`, `${guest.root}/${STORE}`],
      env,
    );
  const starting = (): Outcome =>
    guest.ok("usr/libexec/edge/app-starting", [`${guest.root}/${MARKS}`, `${guest.root}/${STORE}`]);
  const stopped = (result: string, code = "", status = ""): Outcome =>
    guest.ok("usr/libexec/edge/app-stopped", [`${guest.root}/${MARKS}`], {
      SERVICE_RESULT: result,
      EXIT_CODE: code,
      EXIT_STATUS: status,
    });

  it("an answer is one, whatever the page; what podman and the app took is kept", async () => {
    guest.write(BROKEN, "it did not\n");
    guest.write(`${MARKS}/app-mending`, "something\n");
    clock(95.5);
    starting();
    clock(100);
    const port = await app.serve((request) => {
      clock(request === 1 ? 100.5 : 101.25);
      return request === 1 ? "" : "HTTP/1.1 404 Not Found\r\n\r\n";
    });
    assert.equal((await ready(port, "60")).status, 0);
    assert.ok(guest.has(`${MARKS}/app-up`));
    for (const mark of [BROKEN, STARTING, `${MARKS}/app-mending`]) assert.ok(!guest.has(mark), mark);
    assert.equal(guest.read(`${STORE}/app-start`), "450 125\n");
  });

  it("a server's error, an early end and a closed port are none", async () => {
    assert.equal((await ready(await app.serve(() => "HTTP/1.1 503 Service Unavailable\r\n\r\n"))).status, 1);
    assert.equal((await ready(await app.serve(() => ""))).status, 1);
    assert.equal((await ready("1")).status, 1);
    assert.equal(guest.has(`${MARKS}/app-up`), false);
  });

  it("a container that has ended is not waited for", async () => {
    container(true);
    const port = await app.serve(() => {
      container(false);
      return "";
    });
    const began = Date.now();
    assert.equal((await ready(port, "60", { MAINPID: String(process.pid) })).status, 1);
    assert.ok(Date.now() - began < 10_000);
    assert.equal(guest.read(BROKEN), "the container ended before it answered\n");
    assert.equal(state(), "failed: the container ended before it answered");
  });

  it("nor is one whose cgroup is not known, when its process is gone", async () => {
    const began = Date.now();
    assert.equal((await ready("1", "60", { MAINPID: "99999999" })).status, 1);
    assert.ok(Date.now() - began < 10_000);
    assert.match(guest.read(BROKEN), /ended/);
  });

  it("no answer far longer than at the last good start: unfit until the answer comes", async () => {
    guest.write(`${STORE}/app-start`, "400 100\n");
    guest.write(STARTING, "96.00 120\n");
    container(true);
    clock(100);
    const seen: boolean[] = [];
    const port = await app.serve((request) => {
      seen.push(guest.has(BROKEN));
      clock([103.9, 104.1, 105][request - 1] ?? 105);
      return request < 3 ? "" : OK;
    });
    assert.equal((await ready(port, "60")).status, 0);
    assert.deepEqual(seen, [false, false, true]);
    assert.ok(!guest.has(BROKEN));
  });

  it("a host that is busy, as podman's own time shows, gets as much longer", async () => {
    guest.write(`${STORE}/app-start`, "400 300\n");
    guest.write(STARTING, "88.00 120\n");
    container(true);
    clock(100);
    const seen: boolean[] = [];
    // Three times the usual time until there was a container: 2 x 3 s x 3.
    const port = await app.serve((request) => {
      seen.push(guest.has(BROKEN));
      clock(request === 1 ? 117.9 : 118.1);
      return request < 3 ? "" : OK;
    });
    assert.equal((await ready(port, "60")).status, 0);
    assert.deepEqual(seen, [false, false, true]);
  });

  it("a container that runs and accepts, and never answers, fails at the end of the time", async () => {
    guest.write(`${STORE}/app-start`, "400 100\n");
    guest.write(STARTING, "96.00 120\n");
    container(true);
    clock(100);
    const port = await app.serve((request) => {
      clock(request === 1 ? 105 : 161);
      return undefined;
    });
    assert.equal((await ready(port, "60")).status, 1);
    assert.equal(guest.read(BROKEN), "no answer within 60 s\n");
  });

  for (const [record, latest] of [
    [undefined, 160],
    ["500 80\n", 120],
    ["10 80\n", 110],
    ["9000 80\n", 160],
    ["\0\0\0", 160],
    ["", 160],
    ["-5 x\n", 160],
    ["99999999999999999999 1\n", 160],
  ] as const) {
    it(`podman's time is bounded by the last good start: ${JSON.stringify(record)}`, () => {
      if (record !== undefined) guest.write(`${STORE}/app-start`, record);
      clock(100);
      starting();
      assert.equal(guest.read(STARTING), `100.00 ${latest}\n`);
      clock(latest);
      assert.equal(state(), "no-image");
      clock(latest + 1);
      assert.equal(state(), "failed: podman has not started the container in time");
    });
  }

  it("a disk that takes nothing does not keep the app from answering", async () => {
    guest.write("var/home/core/.local/state", "in the way of a folder");
    guest.write(STARTING, "96.00 120\n");
    clock(100);
    const outcome = await ready(await app.serve(() => OK), "60");
    assert.equal(outcome.status, 0);
    assert.match(outcome.stderr, /could not be kept/);
    assert.ok(guest.has(`${MARKS}/app-up`));
  });

  it("a damaged record of the last start is none", async () => {
    guest.write(`${STORE}/app-start`, "\0\0");
    guest.write(STARTING, "\0garbage\n");
    clock(100);
    const port = await app.serve(() => {
      clock(130);
      return OK;
    });
    assert.equal((await ready(port, "60")).status, 0);
    assert.ok(!guest.has(BROKEN));
  });

  it("only a stop before the first answer counts as a start that failed", () => {
    starting();
    stopped("success");
    assert.equal(guest.has(BROKEN), false);
    assert.equal(guest.has(STARTING), false);
    guest.write(`${MARKS}/app-up`, "");
    stopped("signal");
    assert.equal(guest.has(`${MARKS}/app-up`), false);
    assert.equal(guest.has(BROKEN), false);
    stopped("exit-code");
    assert.ok(guest.has(BROKEN));
  });

  for (const [result, code, status, why] of [
    ["exit-code", "exited", "125", "podman could not run the container (exit code 125)"],
    ["exit-code", "exited", "126", "the image's program cannot be run (exit code 126)"],
    ["exit-code", "exited", "127", "the image's program was not found (exit code 127)"],
    ["exit-code", "exited", "139", "the container ended with exit code 139"],
    ["signal", "killed", "SEGV", "the container ended by signal SEGV"],
    ["timeout", "killed", "TERM", "the start took too long"],
    ["resources", "", "", "the container failed (resources)"],
  ] as const) {
    it(`the reason is told: ${why}`, () => {
      starting();
      stopped(result, code, status);
      assert.equal(state(), `failed: ${why}`);
    });
  }

  it("what app-ready found out is kept", () => {
    guest.write(BROKEN, "the container ended before it answered\n");
    stopped("exit-code", "exited", "139");
    assert.equal(state(), "failed: the container ended before it answered");
    starting();
    stopped("exit-code", "exited", "126");
    assert.match(state(), /^failed: the image's program cannot be run/);
  });

  it("a reason of any text is one bounded line for the reports", () => {
    guest.write(BROKEN, `\u001b[31m${"x".repeat(5000)}\nmore`);
    guest.write(`${MARKS}/app-mending`, "y".repeat(5000));
    assert.match(state(), /^failed: \?\[31mx{155}; y{160}$/);
    guest.write(BROKEN, "\0\0");
    assert.match(state(), /^failed: /);
  });
});
