import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { alone } from "./support/alone";
import { outputs, vipOwners, type Outputs } from "./support/devices";
import { lab } from "./support/lab";

describe("the lab", function () {
  this.timeout(300_000);
  let out: Outputs;

  before(async function () {
    this.timeout(3_000_000);
    await alone();
    out = await outputs();
  });

  it("has two releases, the second on top of the first, adding strace and little else", () => {
    const [first, second] = out.releases;
    assert.ok(first && second);
    assert.equal(second.parent, first.commit);
    const added = second.added.map((p) => p.name);
    assert.ok(added.includes("strace"), added.join(", "));
    assert.ok(added.length <= 3, added.join(", "));
    assert.deepEqual(second.removed, []);
    assert.equal(second.packages, first.packages + added.length);
  });

  it("runs no container before the first request, and after it one, on the virtual IP's owner", async () => {
    // In one command a device: two would last as long as the app's idle time on a slow host.
    const seen = (): Promise<{ container: string; owner: boolean }[]> =>
      Promise.all(
        out.devices.map(async ({ name }) => {
          const result = await lab.device(name, "podman ps --format '{{.Names}}'; ip -4 -o addr");
          assert.equal(result.status, 0, result.output);
          return {
            container: /^httpd$/m.exec(result.stdout)?.[0] ?? "",
            owner: result.stdout.includes(` ${out.vip}/`),
          };
        }),
      );
    const before = await seen();
    assert.deepEqual(
      before.map((d) => d.container),
      before.map(() => ""),
    );
    const answer = await lab.run("curl", ["-fsS", "-m", "60", out.appUrl]);
    assert.equal(answer.status, 0, answer.output);
    const after = await seen();
    assert.equal(after.filter((d) => d.owner).length, 1);
    assert.deepEqual(
      after.map((d) => d.container),
      after.map((d) => (d.owner ? "httpd" : "")),
    );
  });

  it("answers on the virtual IP with the first version of the app", async () => {
    const answer = await lab.run("curl", ["-fsS", "-m", "60", out.appUrl]);
    assert.equal(answer.status, 0, answer.output);
    assert.ok(!answer.stdout.includes("Podman auto-update"), answer.stdout);
    assert.match(answer.stdout, /_{3,}/); // figlet's letters
  });

  it("has every device on the second release, healthy, with strace", async () => {
    const target = out.releases[1]?.commit ?? "";
    for (const device of out.devices) {
      assert.equal(device.commit, target, device.name);
      const seen = await lab.device(
        device.name,
        "sudo ostree admin status; which strace; systemctl is-system-running; systemctl --failed --no-legend; cat /proc/cmdline",
      );
      assert.equal(seen.status, 0, seen.output);
      assert.match(seen.stdout, new RegExp(`^\\* edge ${target}`, "m"), device.name);
      assert.match(seen.stdout, /^\/usr\/bin\/strace$/m, device.name);
      assert.match(seen.stdout, /^running$/m, device.name);
    }
  });

  it("has every device's watchdog running before systemd does anything else", async () => {
    for (const device of out.devices) {
      const seen = await lab.device(
        device.name,
        `cat /sys/class/watchdog/watchdog0/{state,timeout}
        systemctl show --property=UserspaceTimestampMonotonic --value
        sudo dmesg --time-format raw | sed -n 's/^\\[ *\\([0-9]*\\)\\.\\([0-9]*\\).*i6300ESB timer.*initialized.*/\\1\\2/p'`,
      );
      const [state, timeout, systemd, driver] = seen.stdout.trim().split("\n");
      assert.deepEqual([state, timeout], ["active", "300"], seen.output);
      assert.ok(Number(driver) > 0 && Number(driver) < Number(systemd), seen.output);
    }
  });

  it("has devices that are who they say, take no password, follow signed commits only and push nothing", async () => {
    const known = readFileSync(join(lab.dir, ".lab/ssh/known_hosts"), "utf8").split("\n");
    assert.equal(known.filter((line) => line !== "").length, out.devices.length);
    for (const device of out.devices) {
      const seen = await lab.device(
        device.name,
        `cut -d' ' -f1-2 /etc/ssh/ssh_host_ed25519_key.pub
        sudo sshd -T | grep -E '^(passwordauthentication|kbdinteractiveauthentication) ' | sort
        ostree config --repo=/ostree/repo --group='remote "edge"' get gpg-verify
        curl -s -o /dev/null -w '%{http_code}\n' -X POST http://${out.registry}/v2/httpd/blobs/uploads/
        curl -s -o /dev/null -w '%{http_code}\n' -X DELETE http://${out.registry}/v2/httpd/manifests/prod`,
      );
      assert.deepEqual(seen.stdout.trim().split("\n").slice(1), [
        "kbdinteractiveauthentication no",
        "passwordauthentication no",
        "true",
        "405",
        "405",
      ]);
      assert.ok(known.includes(`${device.address} ${seen.stdout.split("\n")[0]}`), seen.output);
    }
  });

  it("has exactly one owner of the virtual IP", async () => {
    assert.equal((await vipOwners(out.devices, out.vip)).length, 1);
  });

  it("changes nothing in a second up, within 10 s", async () => {
    // Devices wake for their own work and take a core meanwhile: the fastest of three is the program's own time.
    const seconds: number[] = [];
    for (let tries = 0; tries < 3 && !seconds.some((s) => s <= 10); tries++) {
      const again = await lab.npm("up", { log: "up-again" });
      assert.equal(again.status, 0, again.output);
      assert.doesNotMatch(again.output, /^ *[+~-]+ +[0-9]+ (to )?(create|update|replace|delete)/m);
      seconds.push(again.seconds);
    }
    assert.ok(Math.min(...seconds) <= 10, `${seconds.join(", ")} s`);
  });

  it("expects no changes in a preview and finds none in a refresh", async () => {
    for (const args of [["preview"], ["refresh", "--preview-only"]]) {
      const result = await lab.run("pulumi", [...args, "--expect-no-changes", "--non-interactive"]);
      assert.equal(result.status, 0, `${args[0]}: ${result.output}`);
    }
  });

  it("keeps secrets out of its plain state, its console logs and its ISOs' kernel lines", async () => {
    const password = (
      await lab.run("pulumi", ["stack", "output", "corePassword", "--show-secrets"])
    ).stdout.trim();
    assert.ok(password.length >= 8);
    const found = await lab.run("grep", ["-rlF", "--", password, `${lab.dir}/.lab`, "--exclude-dir=pool"]);
    assert.equal(found.stdout, "", "files with the password");
  });

  it("tells where every device stands", async () => {
    const status = await lab.lab("status", "--json");
    assert.equal(status.status, 0, status.output);
    const parsed = JSON.parse(status.stdout) as {
      devices: { health: string; vip: boolean; booted: string; files: number; bytes: number }[];
    };
    assert.equal(parsed.devices.length, out.devices.length);
    for (const device of parsed.devices) {
      assert.equal(device.health, "green");
      assert.match(device.booted, /^0\.0\.2 /);
      // A first installation may use one static delta: few files, many bytes.
      assert.ok(device.files > 10 && device.bytes > 50e6, `${device.files} files, ${device.bytes} bytes`);
    }
    assert.equal(parsed.devices.filter((d) => d.vip).length, 1);
  });

  it("keeps each device's console from power-on", async () => {
    for (const device of out.devices) {
      const console_ = await lab.lab("console", device.name, "--log");
      assert.match(console_.stdout, /edge-install: .*complete/, device.name);
      assert.match(console_.stdout, new RegExp(`${device.name} .*health=green`), device.name);
    }
  });

  it("is gone through by the tour, each of whose commands works", async () => {
    const tour = await lab.lab("tour");
    assert.equal(tour.status, 0, tour.output);
    assert.match(tour.stdout, /^ {2}A {4}\/usr\/bin\/strace$/m);
    assert.match(tour.stdout, /Script '01_check_upgrade\.sh' SUCCESS/);
  });

  it("is found well by the doctor", async () => {
    const result = await lab.lab("doctor");
    assert.equal(result.status, 0, result.output);
  });

  it("counts files and bytes, by client", async () => {
    const clients = await lab.run("curl", ["-fsS", `${out.contentUrl}/v1/clients`]);
    const totals = JSON.parse(clients.stdout) as { device: string | null; files: number; bytes: number }[];
    for (const device of out.devices) {
      const own = totals.find((t) => t.device === device.name);
      assert.ok(own && own.bytes > 50e6, `${device.name}: ${JSON.stringify(own)}`);
    }
    const metrics = await lab.run("curl", ["-fsS", `${out.contentUrl}/metrics`]);
    assert.match(metrics.stdout, /^# TYPE \w+ counter$/m);
  });
});
