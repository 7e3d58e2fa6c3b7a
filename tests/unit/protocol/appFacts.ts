import { APP } from "../../../protocol/names";
import { DEVICE } from "../../../protocol/paths";
import { PORTS } from "../../../protocol/ports";
import { at, FILE_NAMES, type Fact } from "./factCheck";

const HOST = "assets/host";
const BUILDERS = "assets/builders";
const OSBUILD = `${BUILDERS}/osbuild`;
const OSBUILD_ROOT = `${OSBUILD}/guest/root`;
const GUEST_FILES = "assets/guest";
const PROGRAMS = `${GUEST_FILES}${DEVICE.programs}`;
const USER_UNITS = `${GUEST_FILES}/usr/lib/systemd/user`;
const QUADLET = `${GUEST_FILES}/etc/containers/systemd/users/1000/container-httpd.container`;

/** A number that stands on its own. */
const number = (port: number): RegExp => new RegExp(String.raw`\b${port}\b`);

/** TCP ports. */
export const PORT_FACTS: readonly Fact[] = [
  {
    name: "PORTS.registry",
    value: PORTS.registry,
    mention: number(PORTS.registry),
    places: [at("components/appImage.ts", /Full name, e\.g\. `[\d.]+:(\d+)\//)],
  },
  {
    name: "PORTS.depot",
    value: PORTS.depot,
    mention: number(PORTS.depot),
    places: [at("lib/kickstart.ts", /e\.g\. `http:\/\/[\d.]+:(\d+)\/repo`/)],
  },
  {
    name: "PORTS.app",
    value: PORTS.app,
    mention: number(PORTS.app),
    places: [
      at("assets/blueprints/RFE.toml", /^ports = \["(\d+):tcp"\]$/m),
      at(`${OSBUILD_ROOT}/usr/lib/firewalld/services/edge-lab.xml`, /<port protocol="tcp" port="(\d+)"\/>/),
      at(`${GUEST_FILES}/etc/nftables.conf`, /^ +tcp dport (?!22\b)(\d+) accept$/m),
      at(`${GUEST_FILES}/usr/lib/edge/edge.conf`, /^EDGE_APP_PORT=(.*)$/m),
      at(`${USER_UNITS}/${APP.proxySocket}`, /^ListenStream=127\.0\.0\.1:(\d+)$/m),
    ],
  },
  {
    name: "PORTS.appContainer",
    value: PORTS.appContainer,
    mention: number(PORTS.appContainer),
    places: [
      at(QUADLET, /^PublishPort=127\.0\.0\.1:(\d+):\d+$/m),
      at(QUADLET, /^ExecStartPost=\S+\/app-ready (\d+) /m),
      at(`${USER_UNITS}/${APP.watchService}`, /^ExecStart=\S+\/app-watch (\d+) /m),
      at(
        `${USER_UNITS}/${APP.proxyService}`,
        /^ExecStart=\S+\/systemd-socket-proxyd .* 127\.0\.0\.1:(\d+)$/m,
      ),
    ],
  },
  {
    name: "PORTS.appTrial",
    value: PORTS.appTrial,
    mention: number(PORTS.appTrial),
    places: [at(`${PROGRAMS}/app-update`, /^TRIAL_PORT=(.*)$/m)],
  },
  { name: "PORTS.appMeasure", value: PORTS.appMeasure, mention: number(PORTS.appMeasure), places: [] },
  {
    name: "PORTS.appInside",
    value: PORTS.appInside,
    places: [
      at("assets/app/base/apache2.conf", /^Listen 0\.0\.0\.0:(\d+)$/m),
      at("assets/app/base/apache2.conf", /static site on port (\d+)/),
      at("assets/app/base/Containerfile", /^EXPOSE (\d+)$/m),
      at(QUADLET, /^PublishPort=127\.0\.0\.1:\d+:(\d+)$/m),
      at(`${PROGRAMS}/app-update`, /--publish "127\.0\.0\.1:\$TRIAL_PORT:(\d+)"/),
    ],
  },
  {
    name: "PORTS.webConsole",
    value: PORTS.webConsole,
    mention: number(PORTS.webConsole),
    places: [at(`${HOST}/lib/osbuild-host.sh`, /^WEB_CONSOLE_PORT=(.*)$/m)],
  },
];

/** The app and its units. */
export const APP_FACTS: readonly Fact[] = [
  {
    name: "APP.image",
    value: APP.image,
    mention: /(?<![\w-])httpd(?![\w-])/,
    places: [
      at("assets/app/base/apache2.conf", /^ServerName (\S+)$/m),
      at("assets/app/v1/Containerfile", /image\.title="([^"]*)"/),
      at(`${HOST}/app-image.sh`, /^NAME=(.*)$/m),
      at(QUADLET, /^Image=\$\{EDGE_REGISTRY\}\/([^:\n]*):/m),
      at(`${PROGRAMS}/app-update`, /^NAME=(.*)$/m),
    ],
  },
  {
    name: "APP.tag",
    value: APP.tag,
    mention: /(["'`])prod\1|[:=]prod\b/,
    places: [
      at(QUADLET, /^Image=\$\{EDGE_REGISTRY\}\/[^:\n]*:(\S*)$/m),
      at(`${PROGRAMS}/app-update`, /^TAG=(.*)$/m),
    ],
  },
  { name: "APP.container", value: APP.container, places: [at(QUADLET, /^ContainerName=(.*)$/m)] },
  {
    name: "APP.trial",
    value: APP.trial,
    mention: /httpd-trial/,
    places: [at(`${PROGRAMS}/app-update`, /^TRIAL=(.*)$/m)],
  },
  {
    name: "APP.service",
    value: APP.service,
    mention: /container-httpd(?!-proxy|-watch)(?:\.service)?/,
    places: [
      at(FILE_NAMES, /^assets\/guest\/etc\/containers\/systemd\/users\/\d+\/(\S+)\.container$/m, {
        value: APP.service.replace(/\.service$/, ""),
      }),
      at(`${OSBUILD}/guest/shared-files`, /^etc\/containers\/systemd\/users\/\d+\/(\S+)\.container$/m, {
        value: APP.service.replace(/\.service$/, ""),
      }),
      at(`${USER_UNITS}/${APP.proxyService}`, /^BindsTo=(.*)$/m),
      at(`${USER_UNITS}/${APP.proxyService}`, /^After=(\S+\.service)$/m),
      at(`${USER_UNITS}/${APP.watchService}`, /^PartOf=(\S+)$/m),
      at(`${USER_UNITS}/${APP.watchService}`, /^After=(\S+) /m),
      at(`${PROGRAMS}/app-watch`, /^UNIT=(.*)$/m),
      at(`${PROGRAMS}/app-update`, /\[\[ \$line != (\S+) \]\]/),
      at(`${PROGRAMS}/app-update`, /systemctl --user --quiet is-active (\S+\.service);/),
      at(`${PROGRAMS}/app-update`, /systemctl --user start (\S+\.service) /),
      at(`${PROGRAMS}/lib/app-mend.sh`, /systemctl --user stop \S+ (\S+\.service) /),
      at(`${PROGRAMS}/lib/app-mend.sh`, /--property=SubState --value (\S+\.service)\)/),
      at(`${PROGRAMS}/lib/app.sh`, /events=\$slice\/([^/\n]+)\/cgroup\.events/),
      at(`${PROGRAMS}/vip-check`, /systemd\/generator\/(\S+)"/),
    ],
  },
  {
    name: "APP.proxyService",
    value: APP.proxyService,
    mention: /container-httpd-proxy\.service/,
    places: [
      at(QUADLET, /^Wants=(\S+) /m),
      at(`${USER_UNITS}/${APP.watchService}`, /^After=\S+ (\S+)$/m),
      at(`${PROGRAMS}/lib/app-mend.sh`, /systemctl --user stop (\S+\.service) /),
    ],
  },
  {
    name: "APP.watchService",
    value: APP.watchService,
    mention: /container-httpd-watch(?:\.service)?/,
    places: [
      at(QUADLET, /^Wants=\S+ (\S+)$/m),
      at(FILE_NAMES, /^assets\/guest\/usr\/lib\/systemd\/user\/(\S+-watch\.service)$/m),
    ],
  },
  {
    name: "APP.proxySocket",
    value: APP.proxySocket,
    mention: /container-httpd-proxy(?:\.socket|(?!\.service))/,
    places: [
      at(`${USER_UNITS}/${APP.proxyService}`, /^(?:Requires|After)=(\S+\.socket)$/m, { count: 2 }),
      at(`${PROGRAMS}/lib/render.sh`, /\$units\/([^/\n]+\.socket)\.d\//),
      at(`${GUEST_FILES}/usr/lib/systemd/user-preset/10-edge.preset`, /^enable (\S+\.socket)$/m),
      at(`${OSBUILD_ROOT}/usr/lib/systemd/user-preset/50-edge-lab.preset`, /^enable (\S+\.socket)$/m),
      at(`${OSBUILD}/guest/edge-lab-guest.spec`, /--global preset (\S+\.socket) /),
    ],
  },
];
