import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { findDrift } from "../../../../client/drift/find";
import type { RecordedCommand, StackState } from "../../../../lib/stackState";
import { TempDir } from "../../../support/tempProject";

describe("findDrift", () => {
  let project: TempDir;
  beforeEach(() => {
    project = new TempDir();
    mkdirSync(join(project.path, "assets/host"), { recursive: true });
  });
  afterEach(() => project.remove());

  const script = (name: string, body: string): void => {
    const path = join(project.path, "assets/host", name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
  };
  const command = (name: string, create: string, environment = {}): [string, RecordedCommand] => [
    name,
    { name, create, environment, stdin: "", stdout: "" },
  ];
  const state: StackState = {
    commands: new Map([
      command("a-service", "exec ./assets/host/a.sh apply", { EDGE_WORD: "declared" }),
      command("b-service", "exec ./assets/host/b.sh apply"),
      command("d1-enrolment", "exec ./assets/host/c.sh apply", { EDGE_NETWORK: "net" }),
      command("d1-ready", "exec ./assets/host/node.sh operations/device/main.ts apply", {
        EDGE_WAIT_FOR: "ready",
        EDGE_DEVICE: "d1",
      }),
    ]),
    objects: [{ name: "n-network", kind: "network", id: "", libvirtName: "net", pool: "", trigger: "" }],
  };
  const find = async (): Promise<Record<string, readonly string[]>> =>
    Object.fromEntries(
      await findDrift(
        { stateDir: join(project.path, "state"), libvirtUri: "test:///default", root: project.path },
        state,
      ),
    );
  beforeEach(() => {
    script("a.sh", `[ "$1 $EDGE_WORD" = "status declared" ] && echo '{"drift":[]}'`);
    script("b.sh", `echo '{"drift":["does not answer"]}'`);
    script("c.sh", `echo '{"drift":[]}'`);
  });

  it("names what the scripts and libvirt say, and gives a network's devices their enrolment again", async () => {
    script("libvirt-status.sh", `echo '{"answers":true,"domains":{},"networks":{},"pools":{},"volumes":{}}'`);
    assert.deepEqual(await find(), {
      "b-service": ["does not answer"],
      "d1-enrolment": ["its network comes back without it"],
      "n-network": ["libvirt has no network net"],
    });
  });

  it("a network that is only inactive is started by the host's script, and not made anew", async () => {
    script(
      "libvirt-status.sh",
      `echo '{"answers":true,"domains":{},"networks":{"net":false},"pools":{},"volumes":{}}'`,
    );
    assert.deepEqual(await find(), {
      "b-service": ["does not answer"],
      "d1-enrolment": ["its network comes back without it"],
      "host-setup": ["the network net is not active"],
    });
  });

  describe("what one finding means for another resource", () => {
    const SOUND = {
      running: true,
      paused: false,
      volatile: false,
      autostart: true,
      memoryMiB: 1024,
      vcpus: 1,
      since: 0,
    };
    const libvirt = (status: object): void =>
      script(
        "libvirt-status.sh",
        `echo '${JSON.stringify({ answers: true, domains: {}, networks: { net: true }, pools: {}, volumes: {}, ...status })}'`,
      );
    const found = async (more: Partial<StackState>): Promise<Record<string, readonly string[]>> => {
      const { "b-service": _, ...rest } = Object.fromEntries(
        await findDrift(
          { stateDir: join(project.path, "state"), libvirtUri: "test:///default", root: project.path },
          { ...state, objects: [], ...more },
        ),
      );
      return rest;
    };

    it("a network that a refresh has dropped from the state lacks the devices too", async () => {
      libvirt({ networks: {} });
      assert.deepEqual(await found({}), { "d1-enrolment": ["its network comes back without it"] });
      libvirt({});
      assert.deepEqual(await found({}), {});
      libvirt({ answers: false, networks: {} });
      assert.deepEqual(Object.keys(await found({})), ["d1-ready"]);
    });

    it("a domain in the place of the stack's makes room at the enrolment", async () => {
      libvirt({ domains: { d1: { ...SOUND, definition: "other 1", recorded: "u 1" } } });
      const objects: StackState["objects"] = [
        { name: "d1-domain", kind: "domain", id: "u", libvirtName: "d1", pool: "", trigger: "" },
      ];
      const says = ["the domain d1 is another one than the stack's: its UUID is other"];
      assert.deepEqual(await found({ objects }), { "d1-domain": says, "d1-enrolment": says });
    });

    it("a LAN's bridge that is made anew lacks the devices", async () => {
      libvirt({});
      script("bridge.sh", `echo '{"drift":["the bridge is gone"]}'`);
      const commands = new Map([
        ...state.commands,
        command("bridge-uplink", "exec ./assets/host/bridge.sh apply"),
      ]);
      assert.deepEqual(await found({ commands }), {
        "bridge-uplink": ["the bridge is gone"],
        "d1-enrolment": ["its bridge comes back without it"],
      });
    });

    it("a tag that is put back is waited for on the devices", async () => {
      libvirt({});
      script("tag.sh", `echo '{"drift":["names another image"]}'`);
      const commands = new Map([
        ...state.commands,
        command("app-prod-push", "exec ./assets/host/tag.sh apply"),
      ]);
      assert.deepEqual(await found({ commands }), {
        "app-prod-push": ["names another image"],
        "app-served": ["the image that prod names is put back"],
      });
    });
  });

  it("a host without the tools to ask libvirt ends nothing: its devices are looked at again", async () => {
    script("libvirt-status.sh", "exit 127");
    assert.deepEqual(await find(), {
      "b-service": ["does not answer"],
      "d1-ready": ["libvirt does not answer, so nothing is known of it"],
    });
  });

  it("a status that fails is drift that shows its last words", async () => {
    script("libvirt-status.sh", "exit 1");
    script("a.sh", "echo 'no such tool' >&2; exit 3");
    assert.deepEqual((await find())["a-service"], ["its status ended with 3: no such tool"]);
  });
});
