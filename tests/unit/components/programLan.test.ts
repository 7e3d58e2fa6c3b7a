import assert from "node:assert/strict";

import { plain, runProgram, type ProgramRun, type Registration } from "../../support/program";
import { standIn } from "../../support/standIns";

const config = {
  network: { mode: "lan", uplink: "enp1s0", cidr: "10.20.30.0/24", vip: "10.20.30.60" },
  devices: [
    { name: "edge-device-1", role: "primary", address: "10.20.30.61" },
    { name: "edge-device-2", role: "backup", address: "10.20.30.62" },
  ],
};

for (const preview of [false, true]) {
  describe(`the program in the host's own LAN, ${preview ? "a preview" : "an update"}`, () => {
    let run: ProgramRun;
    before(async function () {
      this.timeout("60s");
      run = await runProgram({ standIn, config, preview });
    });
    const named = (name: string): Registration =>
      run.resources.find((r) => r.name === name) ?? assert.fail(`there is no resource ${name}`);
    const environment = (name: string): Record<string, string> =>
      plain(named(name).inputs["environment"]) as Record<string, string>;

    it("bridges the uplink instead of making a network", () => {
      assert.ok(!run.resources.some((r) => r.type === "libvirt:index/network:Network"));
      const { inputs, uses, deleteBeforeReplace } = named("bridge-uplink");
      assert.equal(inputs["create"], "exec ./assets/host/bridge.sh apply");
      assert.equal(inputs["delete"], "exec ./assets/host/bridge.sh destroy");
      assert.deepEqual(inputs["triggers"], ["enp1s0"]);
      assert.ok(deleteBeforeReplace);
      assert.ok(uses["environment"]?.includes("host-setup"));
      const { EDGE_UPLINK: uplink, EDGE_BRIDGE: bridge, EDGE_CIDR: cidr } = environment("bridge-uplink");
      assert.deepEqual(
        { uplink, bridge, cidr },
        { uplink: "enp1s0", bridge: "edgelan0", cidr: "10.20.30.0/24" },
      );
    });

    it("checks the uplink and all addresses before anything is changed", () => {
      const env = environment("host-setup");
      assert.equal(env["EDGE_UPLINK"], "enp1s0");
      assert.equal(env["EDGE_LAN_ADDRESSES"], "10.20.30.60 10.20.30.61 10.20.30.62");
      assert.equal(env["EDGE_LAN_MACS"], "52:54:00:14:1e:3d 52:54:00:14:1e:3e");
    });

    it("listens on the host's own address, once the bridge has it", () => {
      for (const name of ["registry-service", "depot-service"]) {
        assert.ok(named(name).uses["environment"]?.includes("bridge-uplink"), name);
        if (!preview) assert.equal(environment(name)["EDGE_GATEWAY"], "10.20.30.5", name);
      }
    });

    it("plugs the devices into the bridge, without a lease", () => {
      for (const i of [1, 2]) {
        assert.ok(named(`edge-device-${i}-domain`).dependencies.includes("bridge-uplink"));
        assert.equal(environment(`edge-device-${i}-enrolment`)["EDGE_NETWORK"], "");
      }
    });

    it("gives each device its fixed address in the kickstart of its role", function () {
      assert.ok(named("iso-backup-make").uses["stdin"]?.includes("bridge-uplink"));
      if (preview) return;
      const kickstart = (role: string): string =>
        (JSON.parse(String(plain(named(`iso-${role}-make`).inputs["stdin"]))) as { kickstart: string })
          .kickstart;
      const line = (mac: string, ip: string): string =>
        `network --bootproto=static --device=${mac} --ip=${ip} --netmask=255.255.255.0 --gateway=10.20.30.254 --nameserver=10.20.30.253,10.20.30.254`;
      assert.ok(kickstart("primary").includes(line("52:54:00:14:1e:3d", "10.20.30.61")));
      assert.ok(kickstart("backup").includes(line("52:54:00:14:1e:3e", "10.20.30.62")));
      assert.ok(!kickstart("backup").includes("10.20.30.61 --netmask"));
      assert.ok(!kickstart("backup").includes("dhcp"));
    });

    it("has the outputs of any lab", () => {
      assert.equal(run.outputs["appUrl"], "http://10.20.30.60:8080/");
      if (!preview) assert.equal(run.outputs["contentUrl"], "http://10.20.30.5:8000");
    });
  });
}
