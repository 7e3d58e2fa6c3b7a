import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { destroy, preview, up } from "../../../cli/verbs/deploy";
import { ownerElement } from "../../../lib/owner";
import { LabProject } from "../../support/labProject";

const STACK = "pulumi/.pulumi/stacks/edge-lab/dev.json";
const LOCK = "pulumi/.pulumi/locks/organization/edge-lab/dev/x.json";
/** No process has this id: the kernel's maximum is 4194304. */
const NO_PROCESS = 4_999_999;
const QUIET = "--non-interactive --suppress-progress";

describe("lab up, preview and destroy", () => {
  let lab: LabProject;
  beforeEach(() => {
    lab = new LabProject();
  });
  afterEach(() => lab.remove());

  it("run pulumi on the stack, with what the caller adds, and end with its status", async () => {
    lab.standIn("pulumi", "exit 3");
    const { status } = await lab.run(() => up(["--refresh"]));
    assert.equal(status, 3);
    await lab.run(() => preview(["--diff"]));
    assert.deepEqual(lab.calls(), [
      `pulumi up --yes --skip-preview --stack dev ${QUIET} --refresh`,
      `pulumi preview --stack dev ${QUIET} --diff`,
    ]);
  });

  it("up leaves it to the program to start libvirt's daemon: that is an update like any other", async () => {
    lab.put("host/applied", "1");
    lab.put(STACK, "{}");
    await lab.run(() => up([]));
    assert.match(lab.calls().join(), /^pulumi up[^,]*$/);
  });

  it("destroy starts it first, and removes nothing when it does not start", async () => {
    lab.put("host/applied", "1");
    lab.put(STACK, "{}");
    lab.standIn("libvirtd.sh", "exit 1", "assets/host");
    await assert.rejects(
      lab.run(() => destroy([])),
      /libvirtd\.sh apply failed/,
    );
    assert.deepEqual(lab.calls(), ["libvirtd.sh apply"]);
  });

  it("release the lock of a run that was killed", async () => {
    lab.put(STACK, "{}");
    lab.put(LOCK, JSON.stringify({ pid: NO_PROCESS }));
    const { err } = await lab.run(() => up([]));
    assert.match(err, /releasing its lock/);
    assert.equal(lab.calls()[0], "pulumi cancel --yes --stack dev");
    assert.match(lab.calls()[1] ?? "", /^pulumi up/);
  });

  it("release a lock that was cut off while it was written", async () => {
    lab.put(STACK, "{}");
    lab.put(LOCK, '{"pid":');
    await lab.run(() => up([]));
    assert.equal(lab.calls()[0], "pulumi cancel --yes --stack dev");
  });

  it("do not take the lock of a process that is no pulumi for one at work", async () => {
    lab.put(STACK, "{}");
    lab.put(LOCK, JSON.stringify({ pid: process.pid }));
    await lab.run(() => up([]));
    assert.equal(lab.calls()[0], "pulumi cancel --yes --stack dev");
  });

  it("withdraw the rollout of a run that was killed, and only then ask for that", async () => {
    lab.put(STACK, "{}");
    lab.standIn("node.sh", "", "assets/host");
    await lab.run(() => up([]));
    assert.ok(!lab.calls().some((call) => call.startsWith("node.sh")));
    lab.put("rollout.json", "{}");
    await lab.run(() => preview([]));
    assert.ok(lab.calls().includes("node.sh operations/rollout/recover.ts"));
    lab.standIn("node.sh", "exit 1", "assets/host");
    await assert.rejects(
      lab.run(() => up([])),
      /could not be withdrawn/,
    );
  });

  const pending = (type: string, resource: object): object => ({
    type,
    resource: { urn: "urn:x", ...resource },
  });
  const exported = (...operations: object[]): string =>
    JSON.stringify({
      version: 3,
      deployment: { resources: [{ urn: "urn:kept" }], pending_operations: operations },
    });

  it("remove a libvirt object that was being made, and forget the operation", async () => {
    const inputs = { name: "edge-device-1" };
    const state = exported(
      pending("creating", { type: "libvirt:index/domain:Domain", inputs }),
      pending("creating", { type: "command:local:Command" }),
    );
    lab.put(STACK, state);
    lab.put("export.json", state);
    lab.standIn(
      "pulumi",
      `case $2 in export) cat ${lab.stateDir}/export.json ;; import) cat >${lab.stateDir}/imported ;; esac`,
    );
    lab.standIn(
      "virsh",
      `case $* in *dumpxml*) echo "<log file='${lab.stateDir}/console/x.log'/>" ;; *list*) echo edge-device-1 ;; esac`,
    );
    await lab.run(() => up([]));
    assert.deepEqual(lab.calls().slice(0, 7), [
      "pulumi stack export --stack dev",
      "virsh -q -c qemu:///system dumpxml --inactive edge-device-1",
      "virsh -q -c qemu:///system list --name",
      "virsh -q -c qemu:///system destroy edge-device-1",
      "virsh -q -c qemu:///system list --name --all",
      "virsh -q -c qemu:///system undefine edge-device-1",
      "pulumi stack import --force --stack dev",
    ]);
    assert.deepEqual(JSON.parse(readFileSync(join(lab.stateDir, "imported"), "utf8")), {
      version: 3,
      deployment: { resources: [{ urn: "urn:kept" }] },
    });
  });

  it("leave an object alone that another lab has by that name, whatever was begun", async () => {
    const begun = (kind: string, name: string): object =>
      pending("creating", { type: `libvirt:index/${kind}`, inputs: { name } });
    const state = exported(
      begun("domain:Domain", "edge-device-1"),
      begun("network:Network", "edge-lab"),
      begun("pool:Pool", "edge-lab"),
    );
    lab.put(STACK, state);
    lab.standIn("pulumi", `case $2 in export) echo '${state}' ;; import) cat >/dev/null ;; esac`);
    const other = { stack: "dev", stateDir: "/srv/other/.lab" };
    writeFileSync(
      join(lab.path, "network.xml"),
      `<network><name>edge-lab</name><metadata>${ownerElement(other)}</metadata></network>`,
    );
    lab.standIn(
      "virsh",
      `case "$*" in
        *net-dumpxml*) cat "${lab.path}/network.xml" ;;
        *pool-dumpxml*) echo "<pool><target><path>/srv/other/.lab/pool</path></target></pool>" ;;
        *dumpxml*) echo "<domain><source file='/srv/other/.lab/pool/x'/></domain>" ;;
      esac`,
    );
    const { err } = await lab.run(() => up([]));
    assert.equal(err.match(/is not this lab's and stays/g)?.length, 3, err);
    assert.ok(!lab.calls().some((call) => /virsh .*(destroy|undefine)/.test(call)), lab.calls().join("\n"));
  });

  it("look again at a libvirt object that was being changed or removed", async () => {
    const state = exported(pending("deleting", { type: "libvirt:index/network:Network" }));
    lab.put(STACK, state);
    lab.standIn("pulumi", `case $2 in export) echo '${state}' ;; import) cat >/dev/null ;; esac`);
    await lab.run(() => up([]));
    assert.ok(lab.calls().includes("pulumi refresh --yes --skip-preview --stack dev --target urn:x"));
    assert.ok(!lab.calls().some((call) => call.startsWith("virsh")));
  });

  it("go on when a partial object is not there after all, and stop when libvirt fails otherwise", async () => {
    const state = exported(
      pending("creating", { type: "libvirt:index/pool:Pool", inputs: { name: "edge-lab" } }),
    );
    lab.put(STACK, state);
    lab.standIn("pulumi", `case $2 in export) echo '${state}' ;; import) cat >/dev/null ;; esac`);
    // A virsh with German messages, because nothing may parse them.
    const german = "echo 'Fehler: Speicherpool »edge-lab« nicht gefunden' >&2; exit 1";
    lab.standIn("virsh", `case $* in *list*) ;; *) ${german} ;; esac`);
    assert.equal((await lab.run(() => up([]))).status, 0);
    assert.ok(!lab.calls().some((call) => /pool-(destroy|undefine)/.test(call)));
    // The object vanishes between the list and the command.
    const once = `[ -e ${lab.path}/gone ] || echo edge-lab`;
    lab.standIn("virsh", `case $* in *list*) ${once} ;; *) touch ${lab.path}/gone; ${german} ;; esac`);
    assert.equal((await lab.run(() => up([]))).status, 0);
    lab.standIn("virsh", `case $* in *list*) echo edge-lab ;; *) ${german} ;; esac`);
    await assert.rejects(
      lab.run(() => up([])),
      /virsh pool-destroy edge-lab: Fehler: /,
    );
    lab.standIn("virsh", "exit 1");
    await assert.rejects(
      lab.run(() => up([])),
      /virsh pool-list --name: $/m,
    );
  });

  it("remove a volume of a pool that is active, and ask no other pool", async () => {
    const inputs = { name: "edge-device-1.qcow2", pool: "edge-lab" };
    const state = exported(pending("creating", { type: "libvirt:index/volume:Volume", inputs }));
    lab.put(STACK, state);
    lab.standIn("pulumi", `case $2 in export) echo '${state}' ;; import) cat >/dev/null ;; esac`);
    await lab.run(() => up([]));
    assert.ok(!lab.calls().some((call) => call.includes("vol-")));
    lab.standIn(
      "virsh",
      `case $* in *pool-list*) echo edge-lab ;; *vol-list*) echo " Name  Pfad"; echo " edge-device-1.qcow2  /x" ;; esac`,
    );
    await lab.run(() => up([]));
    assert.ok(
      lab.calls().includes("virsh -q -c qemu:///system vol-delete edge-device-1.qcow2 --pool edge-lab"),
    );
  });

  it("ask virsh in no language but the programs' own, whatever the caller's", async () => {
    const state = exported(
      pending("creating", { type: "libvirt:index/pool:Pool", inputs: { name: "edge-lab" } }),
    );
    lab.put(STACK, state);
    lab.standIn("pulumi", `case $2 in export) echo '${state}' ;; import) cat >/dev/null ;; esac`);
    lab.standIn("virsh", `echo "$LC_ALL,$LANGUAGE" >>${lab.path}/locale`);
    Object.assign(process.env, { LC_ALL: "de_DE.UTF-8", LANGUAGE: "de", LANG: "de_DE.UTF-8" });
    await lab.run(() => up([]));
    const said = readFileSync(join(lab.path, "locale"), "utf8").trim().split("\n");
    assert.deepEqual([...new Set(said)], ["C.UTF-8,"]);
  });

  describe("remove a libvirt object whose creation failed half-way, which no state knows", () => {
    const state = (...names: string[]): string => {
      const domains = names.map((name) => ({ type: "libvirt:index/domain:Domain", inputs: { name } }));
      const others = ["network:Network", "pool:Pool"].map((kind) => ({
        type: `libvirt:index/${kind}`,
        inputs: { name: "edge-lab" },
      }));
      const nameless = [{ type: "pulumi:pulumi:Stack" }, { type: "command:local:Command", inputs: {} }];
      return JSON.stringify({ checkpoint: { latest: { resources: [...nameless, ...domains, ...others] } } });
    };

    it("and no other", async () => {
      lab.put(STACK, state("edge-device-1"));
      lab.standIn(
        "virsh",
        `case $* in *dumpxml*) echo "<source file='${lab.stateDir}/pool/x.qcow2'/>" ;; *list*) echo edge-device-2 ;; esac`,
      );
      const { err } = await lab.run(() => up([]));
      assert.match(err, /removing partial Domain edge-device-2/);
      assert.deepEqual(lab.calls().slice(0, 5), [
        "virsh -q -c qemu:///system dumpxml --inactive edge-device-2",
        "virsh -q -c qemu:///system list --name",
        "virsh -q -c qemu:///system destroy edge-device-2",
        "virsh -q -c qemu:///system list --name --all",
        "virsh -q -c qemu:///system undefine edge-device-2",
      ]);
      assert.match(lab.calls()[5] ?? "", /^pulumi up/);
    });

    it("unless it is another's", async () => {
      lab.put(STACK, state("edge-device-1"));
      lab.standIn("virsh", `[[ $* != *dumpxml* ]] || echo "<source file='/srv/other/pool/x.qcow2'/>"`);
      await lab.run(() => up([]));
      assert.deepEqual(
        lab.calls().map((call) => call.split(" ").slice(0, 5).join(" ")),
        ["virsh -q -c qemu:///system dumpxml", "pulumi up --yes --skip-preview --stack"],
      );
    });

    it("and ask nothing where all is known", async () => {
      lab.put(STACK, state("edge-device-1", "edge-device-2"));
      await lab.run(() => up([]));
      assert.match(lab.calls().join(), /^pulumi up[^,]*$/);
    });
  });

  it("destroy removes the stack, the left-overs and the state", async () => {
    lab.put(STACK, "{}");
    const { status } = await lab.run(() => destroy([]));
    assert.equal(status, 0);
    assert.deepEqual(lab.calls(), [
      `pulumi destroy --yes --skip-preview --stack dev ${QUIET}`,
      "pulumi stack rm --yes --stack dev --non-interactive",
      "edge-host.sh destroy",
    ]);
    assert.ok(!existsSync(lab.stateDir));
  });

  it("destroy keeps the state where pulumi could not remove everything", async () => {
    lab.put(STACK, "{}");
    lab.standIn("pulumi", "exit 1");
    assert.equal((await lab.run(() => destroy([]))).status, 1);
    assert.ok(existsSync(join(lab.stateDir, STACK)));
    assert.equal(lab.calls().length, 1);
  });

  it("destroy has nothing to do without a lab, once and again", async () => {
    for (let i = 0; i < 2; i++) {
      const { status, err } = await lab.run(() => destroy([]));
      assert.equal(status, 0);
      assert.match(err, /^destroy: stack dev does not exist: nothing to destroy\n$/);
    }
    assert.deepEqual(lab.calls(), []);
  });
});
