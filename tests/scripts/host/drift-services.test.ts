import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { driftOf, heals, type Drifting } from "../support/drift";
import { eventually, GATEWAY, kill, needs, Sandbox, sleepSync, type Outcome } from "../support/sandbox";

const LAB = JSON.stringify({
  ref: "debian/trixie/x86_64/edge",
  upgradeGate: "open",
  devices: [{ name: "edge-device-1", role: "primary", address: GATEWAY }],
});
const OBJECTS = {
  registry: {
    script: "assets/host/registry.sh",
    input: "",
    service: "registry",
    file: "registry/config.json",
  },
  depot: { script: "assets/host/depot.sh", input: LAB, service: "depot-web", file: "depot/web/nginx.conf" },
};
const ENV = { EDGE_GATEWAY: GATEWAY, EDGE_REGISTRY_PORT: "5000", EDGE_DEPOT_PORT: "8000" };

describe("drift of services [slow]", () => {
  let box: Sandbox;
  before(function () {
    needs(this, "docker-registry", "nginx", "ostree", "supervisord", "jq", "curl", "bwrap");
    box = new Sandbox();
  });
  after(() => {
    box.remove();
  });

  const object = (name: keyof typeof OBJECTS): Drifting => ({
    stateDir: box.stateDir,
    status: () => box.run([OBJECTS[name].script, "status"], ENV),
    apply: () => void box.ok([OBJECTS[name].script, "apply"], ENV, OBJECTS[name].input),
  });
  const supervisor = (): number => Number(box.read("services", "supervisord.pid"));
  const append = (file: string): void => writeFileSync(box.path(file), "\n# by hand\n", { flag: "a" });

  for (const name of ["registry", "depot"] as const) {
    const { service, file } = OBJECTS[name];
    describe(name, () => {
      before(() => object(name).apply());

      const rows: Record<string, [RegExp, () => void]> = {
        "its supervisor and all of it is killed": [/supervisor does not answer/, () => box.killAll()],
        "the supervisor alone is killed": [/supervisor does not answer/, () => kill(supervisor())],
        "the supervisor's socket is removed": [
          /supervisor is not there/,
          () => rmSync(box.path("services/supervisor.sock")),
        ],
        "the folder of the services is removed": [
          /does not run/,
          () => rmSync(box.path("services"), { recursive: true }),
        ],
        "the service is stopped": [
          /the service .* does not run: STOPPED/,
          () => {
            box.ok(
              [
                "bash",
                "-c",
                `set -euo pipefail; for p in paths log wait service; do . assets/host/lib/$p.sh; done; service_stop ${service}`,
              ],
              {
                EDGE_SERVICE_MANAGER: "supervisor",
              },
            );
          },
        ],
        "its configuration is changed": [/was changed or removed/, () => append(file)],
        "its configuration is removed": [/was changed or removed/, () => rmSync(box.path(file))],
        "its launcher is changed": [/\.run of the service/, () => append(`services/${service}.run`)],
        "the supervisor's settings of it are removed": [
          /\.program of the service/,
          () => rmSync(box.path(`services/${service}.program`)),
        ],
        "the supervisor's own settings are removed": [
          /supervisord\.conf of the service/,
          () => rmSync(box.path("services/supervisord.conf")),
        ],
        "it hangs": [
          /does not answer on/,
          () => {
            for (const pid of box.processes(name === "registry" ? "/opt/registry" : "nginx"))
              process.kill(pid, "SIGSTOP");
          },
        ],
      };
      for (const [what, [found, breakIt]] of Object.entries(rows)) {
        it(what, () => heals(object(name), found, breakIt));
      }
    });
  }

  describe("and besides", () => {
    before(() => {
      for (const name of ["registry", "depot"] as const) object(name).apply();
    });
    it("registry: what was pushed is removed", () => {
      heals(object("registry"), /no registry\/data/, () =>
        rmSync(box.path("registry/data"), { recursive: true }),
      );
    });

    for (const socket of ["admin", "api"]) {
      it(`depot: the socket ${socket} is removed`, () => {
        heals(object("depot"), new RegExp(`${socket}\\.sock is gone`), () =>
          rmSync(box.path(`depot/${socket}.sock`)),
        );
      });
    }

    it("depot: its state is removed while it runs, and while it does not", () => {
      // Check at once, because the next change of anything writes the file again.
      rmSync(box.path("depot/data/state.json"));
      assert.match(driftOf(object("depot").status()).join(), /its state is gone/);
      object("depot").apply();
      heals(object("depot"), /another lab/, () => {
        const api = box.processes("depot.cjs");
        // A clean exit writes the state.
        for (const pid of api) kill(pid);
        rmSync(box.path("depot/data/state.json"), { force: true });
        eventually(
          "the depot is back",
          () => !driftOf(object("depot").status()).some((t) => /does not (answer|run)/.test(t)),
          60,
        );
      });
    });

    it("depot: somebody gives it another lab", () => {
      heals(object("depot"), /another lab/, () => {
        const other = LAB.replace("open", "closed");
        const put = ["-X", "PUT", "-H", "Content-Type: application/json", "-d", other, "http://depot/v1/lab"];
        box.ok(["curl", "-sSf", "--unix-socket", box.path("depot/admin.sock"), ...put]);
      });
    });

    it("a service that comes and goes is named, and one that was brought back is not", () => {
      const registry = object("registry");
      const end = (): void => {
        const old = box.processes("/opt/registry");
        for (const pid of old) kill(pid);
        eventually(
          "it is back",
          () =>
            box.processes("/opt/registry").some((pid) => !old.includes(pid)) &&
            !driftOf(registry.status()).some((t) => /answer|not run/.test(t)),
        );
      };
      registry.apply();
      end();
      assert.deepEqual(driftOf(registry.status()), []);
      heals(registry, /does not stay up/, () => {
        for (let i = 0; i < 3; i++) {
          end();
          sleepSync(200);
        }
      });
    });
  });
});

describe("drift of services with systemd as process 1", () => {
  let box: Sandbox;
  let units: string;
  let fake: string;
  // A systemd with one unit, whose state is in files; daemon-reload and enable repair it.
  const SYSTEMCTL = `#!/usr/bin/env bash
cd "\${0%/*}"
case "$*" in
  show*) [[ ! -e silent ]] || exit 1; cat show ;;
  *is-active*) grep -q '^ActiveState=active' show ;;
  start*|restart*) sed -i s/^ActiveState=.*/ActiveState=active/ show ;;
  daemon-reload) sed -i 's/^LoadState=.*/LoadState=loaded/; s/^NeedDaemonReload=.*/NeedDaemonReload=no/' show; rm -f silent ;;
  *enable*) sed -i s/^UnitFileState=.*/UnitFileState=enabled/ show ;;
esac
`;
  const GOOD =
    "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNeedDaemonReload=no\n";
  before(function () {
    needs(this, "flock");
    box = new Sandbox();
    units = box.path("..", "units");
    fake = box.path("..", "fake");
    for (const dir of [units, fake]) mkdirSync(dir);
    writeFileSync(join(fake, "systemctl"), SYSTEMCTL, { mode: 0o755 });
    show(GOOD);
    service.apply();
  });
  after(() => {
    box.remove();
  });

  const show = (text: string): void => writeFileSync(join(fake, "show"), text);
  const run = (text: string): Outcome =>
    box.run(
      [
        "bash",
        "-c",
        `set -euo pipefail; for p in paths log wait drift service; do . assets/host/lib/$p.sh; done; ${text}`,
      ],
      {
        EDGE_SERVICE_MANAGER: "systemd",
        EDGE_SYSTEMD_DIR: units,
        PATH: `${fake}:${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
      },
    );
  const service: Drifting = {
    get stateDir() {
      return box.stateDir;
    },
    status: () => run("service_drift one; status_result"),
    apply: () => {
      const { status, stderr } = run("service_apply one sleep 1000");
      assert.equal(status, 0, stderr);
    },
  };
  const unit = (): string => join(units, "edge-lab-one.service");
  const says = (from: string, to: string) => (): void => show(GOOD.replace(from, to));

  const rows: Record<string, [RegExp, () => void]> = {
    "it has failed": [/does not run: failed, running/, says("=active", "=failed")],
    "it is started again and again": [/does not run: activating/, says("=active", "=activating")],
    "its unit is not enabled": [/is disabled and would not start/, says("=enabled", "=disabled")],
    "its unit is masked": [/is masked/, says("LoadState=loaded", "LoadState=masked")],
    "its unit is changed": [
      /edge-lab-one\.service of the service/,
      () => appendFileSync(unit(), "# by hand\n"),
    ],
    "its unit is removed": [/edge-lab-one\.service of the service/, () => rmSync(unit())],
    "its unit was changed without a reload": [/as it was before a change/, says("Reload=no", "Reload=yes")],
    "its unit has settings beside it": [/systemctl edit/, () => mkdirSync(`${unit()}.d`)],
    "systemd is silent": [/systemd does not answer/, () => writeFileSync(join(fake, "silent"), "")],
  };
  for (const [what, [found, breakIt]] of Object.entries(rows)) {
    it(what, () => heals(service, found, breakIt));
  }
});
