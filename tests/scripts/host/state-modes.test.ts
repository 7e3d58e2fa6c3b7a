import assert from "node:assert/strict";
import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";

import { DepotBox, DEPOT_ENV, DEPOT_URL, needsDepot } from "../support/depotBox";

/** A user that every system has stands in for QEMU's. */
const QEMU = "daemon";

describe("the state directory of a lab", () => {
  let box: DepotBox;
  before(function () {
    needsDepot(this);
    box = new DepotBox();
    box.open();
    for (const [folder, mode] of [
      ["pool", 0o711],
      ["iso", 0o755],
      ["pulumi/.pulumi/stacks", 0o755],
      ["config", 0o755],
    ] as const) {
      mkdirSync(box.path(folder), { recursive: true });
      chmodSync(box.path(folder), mode);
      writeFileSync(box.path(folder, "file"), "for nobody else", { mode: 0o644 });
    }
    box.apply();
    box.ok(["assets/host/registry.sh", "apply"], {
      EDGE_GATEWAY: DEPOT_ENV.EDGE_GATEWAY,
      EDGE_REGISTRY_PORT: "5000",
    });
    close();
  });
  after(() => {
    box.remove();
  });

  const host = (script: string): string =>
    box.ok([
      "bash",
      "-c",
      `set -euo pipefail; for part in paths log drift host-state state-modes host-drift; do . assets/host/lib/$part.sh; done
       qemu_users() { echo ${QEMU}; }
       ${script}`,
    ]).stdout;
  const close = (): string => host("close_state; open_path");
  /** What the user can read, of all that there is. */
  const readable = (user: string): string[] => {
    const all = box.ok(["find", box.stateDir, "-printf", "%p\n"]).stdout;
    const test = 'while IFS= read -r path; do [[ ! -r $path ]] || echo "${path#"$1"}"; done';
    return box
      .as(user, all, "bash", "-c", test, "bash", box.stateDir)
      .stdout.split("\n")
      .filter((path) => path !== "");
  };

  it("shows nothing to another user of this host, nor to the users of its services", () => {
    for (const user of ["nobody", "www-data", "edge-lab-web", "edge-lab-depot", "edge-lab-registry"]) {
      assert.deepEqual(readable(user), [], user);
      assert.notEqual(box.as(user, "", "ls", box.stateDir).status, 0, user);
    }
  });

  it("lets QEMU's user through to the disks and ISOs that libvirt gives it, and to no others", () => {
    box.ok(["chown", QEMU, box.path("pool/file")]);
    const cat = (path: string): number | null => box.as(QEMU, "", "cat", box.path(path)).status;
    assert.equal(cat("pool/file"), 0);
    for (const path of ["iso/file", "pulumi/.pulumi/stacks/file", "config/file"])
      assert.notEqual(cat(path), 0, path);
    for (const folder of ["", "pool", "iso"])
      assert.notEqual(box.as(QEMU, "", "ls", box.path(folder)).status, 0, folder);
    for (const file of ["pool/file", "iso/file"])
      assert.equal(statSync(box.path(file)).mode & 0o777, 0o600, file);
  });

  it("is closed again if somebody opened it, and its services go on meanwhile", () => {
    assert.equal(host("closed_drift; path_drift; status_result"), '{"drift":[]}\n');
    chmodSync(box.stateDir, 0o755);
    assert.match(
      host("closed_drift; status_result"),
      /other users may enter the state directory \(mode 755\)/,
    );
    close();
    assert.equal(host("closed_drift; path_drift; status_result"), '{"drift":[]}\n');
    box.apply();
    for (const path of ["/repo/config", "/v1/totals"]) assert.equal(box.code(DEPOT_URL + path), "200");
  });
});
