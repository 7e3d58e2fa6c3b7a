import { GUEST, LIBVIRT } from "../../../protocol/names";
import { REMOTE_HOST, STATE } from "../../../protocol/paths";
import { at, FILE_NAMES, type Fact } from "./factCheck";

const HOST = "assets/host";
const BUILDERS = "assets/builders";
const OSBUILD = `${BUILDERS}/osbuild`;

/** libvirt, packages, and another host. */
export const HOST_FACTS: readonly Fact[] = [
  { name: "LIBVIRT.domain", value: LIBVIRT.domain, mention: /edge\.lab\b/, places: [] },
  { name: "LIBVIRT.bridges", value: LIBVIRT.bridges.nat, mention: /edgelab0|edgelan0/, places: [] },
  {
    name: "GUEST.package",
    value: GUEST.package,
    mention: /edge-lab-guest/,
    places: [
      at(FILE_NAMES, /^assets\/builders\/osbuild\/guest\/(\S+)\.spec$/m),
      at(`${OSBUILD}/guest/edge-lab-guest.spec`, /^Name: (.*)$/m),
      at(`${OSBUILD}/depsolve`, /\.name != "([^"]*)"/),
      at(`${OSBUILD}/depsolve`, /select\(\. != "([^"]*)"\)/),
      at(`${OSBUILD}/push-blueprint`, /\$COMPOSER_ERROR == \*(\S+)\* \]\]/),
      at(`${OSBUILD}/push-blueprint`, /package_pin (\S+) /),
      at(`${OSBUILD}/lib/guest.sh`, /(edge-lab-guest)/, { count: 6 }),
    ],
  },
  {
    name: "GUEST.firewallService",
    value: GUEST.firewallService,
    places: [at(FILE_NAMES, /\/usr\/lib\/firewalld\/services\/(\S+)\.xml$/m)],
  },
  {
    name: "REMOTE_HOST.state",
    value: REMOTE_HOST.state,
    mention: /\/var\/lib\/edge-lab/,
    places: [at(`${HOST}/lib/labs.sh`, /^LABS_DIR=\$\{EDGE_LABS_DIR:-(\S+)\/\.labs\}$/m)],
  },
  {
    name: "REMOTE_HOST.cache",
    value: REMOTE_HOST.cache,
    mention: /\/var\/cache\/edge-lab/,
    places: [at(`${HOST}/remote-verb.sh`, / EDGE_LAB_CACHE=(\S+)/)],
  },
];

/** STATE_DIR/... in the host's scripts and in the backends. */
export const STATE_FACTS: readonly Fact[] = [
  {
    name: "STATE.applied",
    value: STATE.applied,
    mention: /host\/applied/,
    places: [
      at(`${HOST}/edge-host.sh`, /\$STATE_DIR\/(host\/app\w*)/, { count: 2 }),
      at(`${HOST}/libvirtd.sh`, /\$STATE_DIR\/(host\/\w*) \]\]/),
      at(`${HOST}/lib/labs.sh`, /\$STATE_DIR\/(host\/app\w*) \]\]/),
      at(`${HOST}/lib/preflight.sh`, /\$STATE_DIR\/(host\/app\w*) \]\]/),
    ],
  },
  {
    name: "STATE.owner",
    value: STATE.owner,
    places: [
      at(`${HOST}/lib/owner.sh`, /\$STATE_DIR\/(owner)"/, { count: 2 }),
      at(`${HOST}/lib/labs.sh`, /(?:dir|stateDir\))\/(owner)\b/, { count: 3 }),
    ],
  },
  {
    name: "STATE.adminSocket",
    value: STATE.adminSocket,
    mention: /\badmin\.sock\b/,
    places: [
      at(`${HOST}/depot.sh`, /^DIR=\$STATE_DIR\/(.*)$/m, { value: "depot" }),
      at(`${HOST}/depot.sh`, /(?:--unix-socket |\$DIR\/)(\w+\.sock)/, { count: 2, value: "admin.sock" }),
      at("depot/server.ts", /admin: "([^"]*)"/, { value: "admin.sock" }),
    ],
  },
  { name: "STATE.rollout", value: STATE.rollout, mention: /rollout\.json/, places: [] },
  {
    name: "STATE.registryConfig",
    value: STATE.registryConfig,
    mention: /registry\/config\.json/,
    places: [
      at(`${HOST}/registry.sh`, /^DIR=\$STATE_DIR\/(.*)$/m, { value: "registry" }),
      at(`${HOST}/registry.sh`, /put_config "\$DIR\/([^"]*)" "\$address" read/, { value: "config.json" }),
      at(`${HOST}/app-image.sh`, /\$STATE_DIR\/(\w+)\/(?:data|\.manifest)/, { count: 2, value: "registry" }),
    ],
  },
  {
    name: "STATE.repo",
    value: STATE.repo,
    places: ["commit", "depot", "publish"].map((name) =>
      at(`${HOST}/${name}.sh`, /^REPO=\$STATE_DIR\/(.*)$/m),
    ),
  },
  {
    name: "STATE.releases",
    value: STATE.releases,
    places: [
      at(`${HOST}/commit.sh`, /^RECORD=\$STATE_DIR\/(\w+)\//m),
      at(`${HOST}/depot.sh`, /"\$STATE_DIR\/(\w+)" \/srv\/releases/),
      at(`${BUILDERS}/debian/compose`, /^ +RECORD=\$STATE\/(\w+)\//m),
      at(`${OSBUILD}/compose`, /^ +RECORD=\$STATE\/(\w+)\//m),
      at(`${BUILDERS}/debian/packages`, /record=\$\(field stateDir\)\/(\w+)\//),
      at(`${OSBUILD}/packages`, /record=\$\(field stateDir\)\/(\w+)\//),
    ],
  },
  {
    name: "STATE.console",
    value: STATE.console,
    places: [
      at(`${HOST}/enrol.sh`, /^CONSOLE=\$STATE_DIR\/(\w+)\/\$EDGE_DEVICE\.log$/m),
      at(`${HOST}/enrol.sh`, /^MARK=\$STATE_DIR\/(\w+)\/\$EDGE_DEVICE\.enrolled$/m),
    ],
  },
  {
    name: "STATE.pool",
    value: STATE.pool,
    places: [
      at(`${HOST}/lib/owner.sh`, />\$\(xml_escaped "\$STATE_DIR"\)\/(\w+)</),
      at("cli/pulumi/whose.ts", />\$\{xmlText\(stateDir\)\}\/(\w+)</),
    ],
  },
  {
    name: "STATE.build",
    value: STATE.build,
    places: [
      at(`${BUILDERS}/debian/compose`, /^ +BUILD=\$STATE\/(.*)$/m),
      at(`${BUILDERS}/debian/derive`, /^ +BUILD=\$STATE\/(.*)$/m),
    ],
  },
  {
    name: "STATE.log",
    value: STATE.log,
    places: [at(`${HOST}/lib/log.sh`, /log=\$STATE_DIR\/(\w+)\/\$1\.log/)],
  },
  {
    name: "STATE.sshKey",
    value: STATE.sshKey,
    places: [at(`${HOST}/ssh-key.sh`, /^KEY=\$STATE_DIR\/(.*)$/m)],
  },
  {
    name: "STATE.knownHosts",
    value: STATE.knownHosts,
    places: [at(`${HOST}/enrol.sh`, /local file=\$STATE_DIR\/(ssh\/\S*)$/m)],
  },
];
