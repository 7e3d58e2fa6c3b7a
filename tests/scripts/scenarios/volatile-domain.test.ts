import assert from "node:assert/strict";
import { resolve } from "node:path";

import { LibvirtHost } from "../support/libvirtHost";
import { needs } from "../support/sandbox";
import { skipBecause } from "../../support/skip";

/** No system on its disk: the firmware looks for one for ever. */
const DOMAIN = (
  folder: string,
): string => `<domain type='qemu'><name>edge-1</name><memory unit='MiB'>64</memory>
<os><type machine='q35'>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='unsafe' discard='unmap'/>
<source file='${folder}/disk.qcow2'/><target dev='vda' bus='virtio'/></disk>
<memballoon model='none'/></devices></domain>`;

/** Variables: what of libvirt's view is compared. */
const SCRIPT = `
qemu-img create -q -f qcow2 disk.qcow2 64M
v define domain.xml
before=$(v dumpxml --inactive edge-1)
status() { EDGE_STATE_DIR=$PWD/state EDGE_DOMAINS=edge-1 ./assets/host/libvirt-status.sh status | jq -c ".domains[\\"edge-1\\"] | [.running, .volatile]"; }
mkdir -p scratch state
coproc node --import "$TSX" "$HELPER" edge-1 "$PWD/scratch"
read -r -t 60 line <&"\${COPROC[0]}" && [[ $line == started ]]
echo "on a volatile disk: $(status)"
[[ $(v dumpxml --inactive edge-1) == "$before" ]] && echo "the definition stays"
v dumpxml edge-1 | grep -c "protocol='nbd'"
echo >&"\${COPROC[1]}"
read -r -t 60 line <&"\${COPROC[0]}" && [[ $line == cut ]]
echo "cut: $(status)"
[[ $(v dumpxml --inactive edge-1) == "$before" ]] && echo "the definition stays"
v start edge-1
v dumpxml edge-1 | grep -o "<driver name='qemu' type='qcow2' cache='unsafe'"
echo "on its own disk: $(status)"
v destroy edge-1
`;

describe("scenario power-cut, a domain on a volatile disk", function () {
  this.timeout(180_000);
  let host: LibvirtHost;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "libvirt's namespaces need root");
    needs(this, "libvirtd", "nbdkit", "qemu-nbd");
  });
  beforeEach(() => {
    host = new LibvirtHost();
  });
  afterEach(() => host.remove());

  it("runs beside its definition, loses its power, and starts on its own disk again", () => {
    host.write("domain.xml", DOMAIN(host.path));
    const said = host.ok(SCRIPT, {
      TSX: resolve("node_modules/tsx/dist/loader.mjs"),
      HELPER: resolve("tests/scripts/support/volatileDomain.ts"),
    });
    assert.deepEqual(said.trim().split("\n"), [
      "on a volatile disk: [true,true]",
      "the definition stays",
      "1",
      "cut: [false,false]",
      "the definition stays",
      "<driver name='qemu' type='qcow2' cache='unsafe'",
      "on its own disk: [true,false]",
    ]);
  });
});
