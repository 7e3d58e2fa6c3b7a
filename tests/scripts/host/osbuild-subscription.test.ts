import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { TempDir } from "../../support/tempProject";

interface Noted {
  readonly method: string;
  readonly values: string[];
}

const USER = { username: "someone", password: "pass word $(id) 'x'" };
const KEY = { organization: "1234567", activationKey: "key $(id)" };

describe("registering a host, over a D-Bus of the test's own", () => {
  let dir: TempDir;
  let children: ChildProcess[];
  let address: string;
  beforeEach(() => {
    dir = new TempDir();
    children = [];
  });
  afterEach(() => {
    for (const child of children) child.kill();
    dir.remove();
  });

  const noted = (): Noted[] => {
    const file = join(dir.path, "calls");
    if (!existsSync(file)) return [];
    return readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Noted);
  };
  /** A message bus with the subscription service on it. */
  const service = async (env: Record<string, string> = {}): Promise<void> => {
    const bus = spawn("dbus-daemon", ["--session", "--nofork", "--print-address"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    children.push(bus);
    address = await new Promise((found) => bus.stdout.once("data", (data) => found(String(data).trim())));
    const rhsm = spawn(
      "/usr/bin/python3",
      [resolve("tests/support/osbuild/rhsm.py"), join(dir.path, "calls")],
      {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address, ...env },
      },
    );
    children.push(rhsm);
    while (noted().length === 0) await new Promise((later) => setTimeout(later, 50));
  };
  const register = (subscription: object): { status: number | null; output: string } => {
    const { status, stdout, stderr } = spawnSync("/usr/bin/python3", ["assets/host/rhsm/register.py"], {
      input: JSON.stringify(subscription),
      encoding: "utf8",
      env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address },
      timeout: 60_000,
    });
    return { status, output: stdout + stderr };
  };

  it("hands over user and password on the private socket, then closes it", async () => {
    await service();
    assert.deepEqual(register(USER), { status: 0, output: "" });
    assert.deepEqual(noted().slice(1), [
      { method: "Register", values: ["", USER.username, USER.password] },
      { method: "Stop", values: [] },
    ]);
  });

  it("hands over organization and activation key", async () => {
    await service();
    assert.deepEqual(register(KEY), { status: 0, output: "" });
    assert.deepEqual(noted()[1], {
      method: "RegisterWithActivationKeys",
      values: [KEY.organization, KEY.activationKey],
    });
  });

  for (const [form, text] of [
    ["text", "Invalid credentials for pass word $(id) 'x'"],
    [
      "JSON",
      JSON.stringify({
        exception: "RestlibException",
        message: "Invalid credentials for pass word $(id) 'x'",
      }),
    ],
  ] as const) {
    it(`says in one line why it was refused, as ${form}, without the secret, and closes the socket`, async () => {
      await service({ RHSM_REFUSES: text });
      const { status, output } = register(USER);
      assert.equal(status, 1);
      assert.equal(output, "error: Invalid credentials for (not shown)\n");
      assert.equal(noted().at(-1)?.method, "Stop");
    });
  }

  it("says so where there is no such service", async () => {
    await service();
    children[1]?.kill();
    const { status, output } = register(USER);
    assert.equal(status, 1);
    assert.match(output, /^error: .*com\.redhat\.RHSM1.*\n$/);
  });
});
