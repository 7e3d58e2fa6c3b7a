import assert from "node:assert/strict";
import { join } from "node:path";

import { networkXslt, ownerElement, ownerIn } from "../../../lib/owner";
import { skipBecause } from "../../support/skip";
import { LibvirtHost } from "../support/libvirtHost";

/** Defines a lab's objects in a state directory: NAME from OWNER.xml in DIRECTORY, on 192.168.NUMBER.0/24. */
const MAKE = `
escaped() { sed 's/&/\\&amp;/g; s/</\\&lt;/g; s/"/\\&quot;/g' <<<"$1"; }
make() {
  local name=$1 dir=$2 number=$3 element=\${4:-} file=made.xml
  mkdir -p "$dir/pool" "$dir/console"
  printf 'stack %s\\nproject /p\\n' "$name" >"$dir/owner"
  cat >$file <<XML
<network><name>$name</name>$([[ -z $element ]] || echo "<metadata>$element</metadata>")<forward mode="nat"/>
<bridge name="lab$number"/><domain name="edge.lab"/>
<ip address="192.168.$number.1" netmask="255.255.255.0"><dhcp><range start="192.168.$number.2" end="192.168.$number.9"/></dhcp></ip></network>
XML
  v net-define $file >/dev/null
  v net-start "$name" >/dev/null
  v pool-define-as "$name" dir --target "$(escaped "$dir")/pool" >/dev/null
  cat >$file <<XML
<domain type="qemu"><name>$name-device</name><memory unit="MiB">64</memory><os><type>hvm</type></os>
<devices><disk type="file"><source file="$(escaped "$dir")/pool/x.qcow2"/><target dev="vda"/></disk></devices></domain>
XML
  v define $file >/dev/null
}
objects() { { v list --all --name; v net-list --all --name; v pool-list --all --name; } | awk 'NF {print $1}' | paste -sd' '; }
lab() { local dir=$1 stack=$2; shift 2; EDGE_STATE_DIR=$dir EDGE_STACK=$stack "$@"; }
`;
const one = (path: string): string => join(path, `it's <one> & "é"`);

describe("the owner of libvirt's objects, with a real libvirtd", function () {
  this.timeout("120s");
  let host: LibvirtHost;
  before(function () {
    if (process.getuid?.() !== 0) skipBecause(this, "namespaces and libvirtd need root");
  });
  beforeEach(() => {
    host = new LibvirtHost();
  });
  afterEach(() => host.remove());
  const run = (script: string, env: Record<string, string> = {}): string => host.ok(`${MAKE}${script}`, env);
  const dirs = (): Record<string, string> => ({
    ONE: one(host.path),
    TWO: join(host.path, "two"),
    ELEMENT_ONE: ownerElement({ stack: "one", stateDir: one(host.path) }),
    ELEMENT_TWO: ownerElement({ stack: "two", stateDir: join(host.path, "two") }),
  });

  it("a network that the program's XSLT has made says it in its metadata, whatever the directory is called", () => {
    const owner = { stack: "one", stateDir: `${one(host.path)}/{x}` };
    host.write("owner.xslt", networkXslt(owner));
    const xml = run(
      `cat >n.xml <<<'<network><name>n</name><forward mode="nat"/><bridge name="lab7"/><ip address="192.168.83.1" prefix="24"/></network>'
      xsltproc owner.xslt n.xml >made.xml
      v net-define made.xml >/dev/null
      . assets/host/lib/owner.sh
      xml=$(object_xml net n)
      owns net "$xml"
      ! STATE_DIR=/else owns net "$xml"
      [[ $(owner_words "$xml") == "stack one ("*"/{x})" ]]
      echo "$xml"`,
      { STATE_DIR: owner.stateDir },
    );
    assert.deepEqual(ownerIn(xml), owner);
  });

  it("destroy removes what is its own lab's, with or without a running network, and nothing of another's", () => {
    const out = run(
      `make one "$ONE" 81 "$ELEMENT_ONE"
      make two "$TWO" 82 "$ELEMENT_TWO"
      v net-define <(echo "<network><name>mine</name><domain name='edge.lab'/></network>") >/dev/null
      objects
      mkdir empty
      lab "$PWD/empty" three assets/host/edge-host.sh destroy
      objects
      lab "$TWO" two assets/host/edge-host.sh destroy 2>/dev/null
      objects
      lab "$ONE" one assets/host/edge-host.sh destroy 2>/dev/null
      objects`,
      dirs(),
    );
    const all = "one-device two-device mine one two one two";
    assert.deepEqual(out.trim().split("\n"), [all, all, "one-device mine one one", "mine"]);
  });

  it("destroy refuses a state directory of another stack", () => {
    const { status, stderr } = host.run(
      `${MAKE}make one "$ONE" 81 "$ELEMENT_ONE"
      trap objects EXIT
      lab "$ONE" two assets/host/edge-host.sh destroy`,
      dirs(),
    );
    assert.equal(status, 1);
    assert.match(stderr, /error: .* belongs to stack one, not to two; nothing was removed; fix: /);
  });

  it("apply names another lab's objects also if libvirt could not be asked before it was started", () => {
    const { status, stdout, stderr } = host.run(
      `${MAKE}make one "$ONE" 81 "$ELEMENT_ONE"
      . assets/host/lib/wait.sh
      kill "$(cat /run/libvirtd.pid)"
      ended() { ! pgrep -x libvirtd >/dev/null; }
      wait_until 15 ended
      for program in assets/builders/debian/depsolve assets/host/packages.sh; do
        rm -f $program
        ln -s /bin/true $program
      done
      export EDGE_BUILDER=debian EDGE_CIDR=192.168.82.0/24 EDGE_GATEWAY=192.168.82.1 EDGE_BRIDGE=lab82 EDGE_PORTS=8000
      export EDGE_NETWORK=one EDGE_DOMAINS=one-device EDGE_MEMORY_MIB=1 EDGE_DISK_GIB=0 EDGE_LAB_CACHE=$PWD/cache
      trap objects EXIT
      lab "$TWO" two assets/host/edge-host.sh apply <<<'{"packages":[]}'`,
      dirs(),
    );
    assert.equal(status, 1);
    assert.match(
      stderr,
      /nothing on it was changed but for packages and libvirtd, which was started; 2 to mend:\n/,
    );
    assert.match(stderr, /a domain one-device that is not this lab's/);
    assert.match(stderr, /a pool one that is not this lab's/);
    assert.equal(stdout, "one-device one one\n");
  });

  it("a network of the version before is the lab's whose devices have addresses in it", () => {
    const out = run(
      `make one "$ONE" 81
      make two "$TWO" 82
      lease='<host mac="52:54:00:00:00:0b" name="edge-device-1" ip="192.168.81.5"/>'
      v net-update one add-last ip-dhcp-host "$lease" --live --config >/dev/null
      : >"$ONE/console/edge-device-1.enrolled"
      lab "$TWO" two assets/host/edge-host.sh destroy 2>/dev/null
      objects
      lab "$ONE" one assets/host/edge-host.sh destroy 2>/dev/null
      objects`,
      dirs(),
    );
    assert.deepEqual(out.trim().split("\n"), ["one-device one two one", "two"]);
  });

  it("what the version before made is told its owner, and runs on as it is", () => {
    const out = run(
      `make one "$ONE" 81
      STATE_DIR=$ONE
      lease='<host mac="52:54:00:00:00:0b" name="edge-device-1" ip="192.168.81.5"/>'
      v net-update one add-last ip-dhcp-host "$lease" --live --config >/dev/null
      . assets/host/lib/owner.sh
      before="$(cat /sys/class/net/lab81/ifindex) $(v net-uuid one)"
      own_network one one
      [[ -z $(owner_attribute id "$(object_xml net one)") ]]
      : >"$ONE/console/edge-device-1.enrolled"
      for _ in 1 2; do
        own_network one one
        own_domain one-device one
      done
      [[ $before == "$(cat /sys/class/net/lab81/ifindex) $(v net-uuid one)" ]]
      [[ $(v net-dumpxml one) == *192.168.81.5* && $(object_xml net one) == *192.168.81.5* ]]
      for object in 'net one' 'domain one-device'; do
        read -r kind name <<<"$object"
        owner_words "$(object_xml $kind $name)"
      done`,
      dirs(),
    );
    // libvirt writes non-ASCII characters as numeric references.
    assert.match(out, /^(stack one \(.*\/it's <one> & "&#xE9;"\)\n){2}$/);
  });

  it("the daemon that one lab started stays while another lab is there, and the last one ends it", () => {
    const out = run(
      `export EDGE_BUILDER=debian EDGE_CIDR=192.168.81.0/24 EDGE_BRIDGE=lab81 EDGE_NETWORK=lab81 EDGE_PORTS=8000 EDGE_DOMAINS=x
      echo 0 >/proc/sys/net/ipv4/ip_forward
      register() (STATE_DIR=$1; EDGE_STATE_DIR=$1; . assets/host/lib/log.sh; . assets/host/lib/host-state.sh
        claim_state "$2"; note_host; labs_locked labs_register "$2")
      register "$ONE" one
      date >"$ONE/host/libvirtd-started"
      echo 1 >/proc/sys/net/ipv4/ip_forward
      register "$TWO" two
      state() { echo "$(pgrep -c -x libvirtd) $(cat /proc/sys/net/ipv4/ip_forward) $(ls -A /run/edge-lab)"; }
      lab "$ONE" one assets/host/edge-host.sh destroy
      state
      lab "$TWO" two assets/host/edge-host.sh destroy
      state || :`,
      dirs(),
    );
    assert.deepEqual(out.trim().split("\n"), ["1 1 .labs", "0 0"]);
  });
});
