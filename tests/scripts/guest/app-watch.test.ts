import assert from "node:assert/strict";

import { FakeApp } from "../support/fakeApp";
import { Guest } from "../support/guest";
import type { Outcome } from "../support/sandbox";

const MARKS = "run/user/1000/edge";
const UP = `${MARKS}/app-up`;
const BROKEN = `${MARKS}/app-broken`;
const SLICE = "user.slice/user-1000.slice/user@1000.service/app.slice";
const CPU = `sys/fs/cgroup/${SLICE}/container-httpd.service/libpod-payload-0a1b/cpu.stat`;
const OK = "HTTP/1.1 200 OK\r\n\r\n";
const RESTART = "systemctl --user --no-block restart container-httpd.service";

describe("guest: an app that is up", function () {
  this.timeout(60_000);
  let guest: Guest;
  let app: FakeApp;
  beforeEach(() => {
    guest = new Guest();
    app = new FakeApp();
    guest.write("proc/self/cgroup", `0::/${SLICE}/container-httpd-watch.service\n`);
    guest.write(UP, "");
    guest.standIn("systemctl", `[ "$2" != show ] || echo active`);
    used(500_000);
    clock(100);
  });
  afterEach(async () => {
    await app.close();
    guest.remove();
  });

  const clock = (seconds: number): void => guest.write("proc/uptime", `${seconds.toFixed(2)} 1.00\n`);
  const used = (microseconds: number): void =>
    guest.write(CPU, `usage_usec ${microseconds}\nuser_usec 1\nsystem_usec 1\n`);
  const down = (): void => guest.delete(UP);

  const watch = (port: string, env: Record<string, string> = {}): Promise<Outcome> =>
    guest.served("usr/libexec/edge/app-watch", [port, `${guest.root}/${MARKS}`], {
      EDGE_APP_WATCH_SECONDS: "0.1",
      EDGE_APP_ANSWER_SECONDS: "0.4",
      EDGE_VIP: "127.0.0.1",
      EDGE_APP_PORT: "1",
      ...env,
    });
  const restarted = (): boolean => guest.calls().includes(RESTART);

  it("that answers is left alone; the watch ends when it is down", async () => {
    let asked = 0;
    const port = await app.serve((request) => {
      asked = request;
      if (request === 5) down();
      return request === 2 ? "HTTP/1.1 404 Not Found\r\n\r\n" : OK;
    });
    assert.equal((await watch(port)).status, 0);
    assert.equal(asked, 5);
    assert.ok(!guest.has(BROKEN) && !restarted());
  });

  it("that hangs, and takes no processor time, makes the device unfit and is started anew", async () => {
    const port = await app.serve((request) => {
      clock(100 + request * 3);
      used(500_000 + request * 10_000);
      return undefined;
    });
    const outcome = await watch(port);
    assert.equal(outcome.status, 0, outcome.stderr);
    assert.equal(guest.read(BROKEN), "it hangs: no answer for 9 s\n");
    assert.match(outcome.stderr, /^<4>the app is started anew: it hangs/m);
    assert.ok(restarted());
    assert.equal(guest.shell('read_app; printf "%s" "$APP_STATE"'), "failed: it hangs: no answer for 9 s");
  });

  it("that is slow because it works is not one that hangs: it gets a minute", async () => {
    const port = await app.serve((request) => {
      clock(100 + request * 16);
      used(500_000 + request * 16 * 20_000);
      return undefined;
    });
    await watch(port);
    assert.equal(guest.read(BROKEN), "no answer for 64 s\n");
    assert.ok(restarted());
  });

  it("that answers again in between is not given up", async () => {
    const port = await app.serve((request) => {
      clock(100 + request * 3);
      if (request === 6) down();
      return request % 3 === 0 ? OK : undefined;
    });
    await watch(port);
    assert.ok(!guest.has(BROKEN) && !restarted());
  });

  it("that only answers with a server's error is given up, whatever time it takes", async () => {
    const port = await app.serve((request) => {
      used(500_000 + request * 900_000);
      return "HTTP/1.1 503 Service Unavailable\r\n\r\n";
    });
    await watch(port);
    assert.equal(guest.read(BROKEN), "it answers with error 503\n");
    assert.ok(restarted());
  });

  it("whose use of the processor is not known gets a minute, too", async () => {
    guest.delete(CPU);
    const port = await app.serve((request) => {
      clock(100 + request * 21);
      return undefined;
    });
    await watch(port);
    assert.equal(guest.read(BROKEN), "no answer for 63 s\n");
  });

  it("is asked often enough for the VIP to leave within 15 s of a hang", () => {
    const text = guest.read("usr/libexec/edge/app-watch");
    const value = (name: string): number =>
      Number(new RegExp(`^${name}=(?:\\$\\{\\w+:-)?([\\d.]+)`, "m").exec(text)?.[1]);
    const check = Number(/^ +interval (\d+)$/m.exec(guest.read("usr/libexec/edge/lib/render.sh"))?.[1]);
    const misses = value("MISSES");
    const longest = value("EVERY") + misses * value("WAIT") + (misses - 1) + check;
    assert.ok(longest <= 15, `${longest} s`);
  });

  it("gets its proxy one connection, so that its idle time begins without a request", async () => {
    let connections = 0;
    const proxy = new FakeApp();
    const proxyPort = await proxy.serve((connection) => {
      connections = connection;
      return "";
    });
    const port = await app.serve((request) => {
      if (request === 3) down();
      return OK;
    });
    const outcome = await watch(port, { EDGE_APP_PORT: proxyPort });
    await proxy.close();
    assert.equal(connections, 1);
    assert.equal(outcome.stderr, "");
  });

  it("that is being stopped refuses connections, and is not broken", async () => {
    guest.standIn("systemctl", `[ "$2" != show ] || { echo deactivating; rm "$EDGE_ROOT/${UP}"; }`);
    const port = await app.serve((request) => {
      clock(100 + request * 3);
      return "";
    });
    const outcome = await watch(port);
    assert.equal(outcome.status, 0, outcome.stderr);
    assert.ok(!guest.has(BROKEN) && !restarted());
  });
});
