import { APP, OPERATOR, OSTREE, UPDATE_SERVICE, UPGRADE_CHECK, VRRP } from "../../../protocol/names";
import { DEVICE } from "../../../protocol/paths";
import { at, FILE_NAMES, type Fact } from "./factCheck";

const BUILDERS = "assets/builders";
const OSBUILD = `${BUILDERS}/osbuild`;
const OSBUILD_ROOT = `${OSBUILD}/guest/root`;
const GUEST_FILES = "assets/guest";
const PROGRAMS = `${GUEST_FILES}${DEVICE.programs}`;
const SYSTEM_UNITS = `${GUEST_FILES}/usr/lib/systemd/system`;
const USER_UNITS = `${GUEST_FILES}/usr/lib/systemd/user`;
const QUADLET = `${GUEST_FILES}/etc/containers/systemd/users/1000/container-httpd.container`;

/** What else is on a device. */
export const DEVICE_FACTS: readonly Fact[] = [
  {
    name: "OPERATOR.name",
    value: OPERATOR.name,
    mention: /(["'`])core\1|\bcore@|=core\b|\/core\b(?!\.)|^core /m,
    places: [
      at("assets/blueprints/RFE.toml", /\[\[customizations\.user\]\]\nname = "([^"]*)"/),
      at(`${GUEST_FILES}/etc/sudoers.d/50-core`, /^(\S+) ALL=/m),
      at(`${USER_UNITS}/${APP.proxyService}`, /^ConditionUser=(.*)$/m),
      at(`${USER_UNITS}/${APP.proxySocket}`, /^ConditionUser=(.*)$/m),
      at(`${USER_UNITS}/podman-auto-update.service.d/10-edge.conf`, /^ConditionUser=(.*)$/m),
      at(`${GUEST_FILES}/usr/lib/tmpfiles.d/edge.conf`, /\/linger\/(\S+)/),
      at(`${PROGRAMS}/lib/app.sh`, /^APP_USER=(.*)$/m),
      at("assets/builders/debian/lib/customize-users.sh", /^OPERATOR=(.*)$/m),
    ],
  },
  {
    name: "OPERATOR.uid",
    value: OPERATOR.uid,
    mention: /(?:user@|user-|users?\/|UID=)1000\b/,
    places: [
      at(FILE_NAMES, /^assets\/guest\/etc\/containers\/systemd\/users\/(\d+)\//m),
      at(`${OSBUILD}/guest/shared-files`, /^etc\/containers\/systemd\/users\/(\d+)\//m),
      at(`${SYSTEM_UNITS}/edge-provision.service`, /^Before=.* user@(\d+)\.service /m),
      at(`${PROGRAMS}/lib/app.sh`, /^APP_UID=(.*)$/m),
      at("assets/builders/debian/lib/customize-users.sh", /^OPERATOR_UID=(.*)$/m),
      at(`${PROGRAMS}/lib/system.sh`, / user@(\d+)\.service\)/),
      at(`${OSBUILD_ROOT}${DEVICE.programs}/lib/system.sh`, / user@(\d+)\.service\)/),
      at(`${PROGRAMS}/vip-check`, /^user=\$root\/run\/user\/(\d+)$/m),
      at(`${SYSTEM_UNITS}/edge-app.path`, /^PathChanged=\/run\/user\/(\d+)\//m, { count: 3 }),
    ],
  },
  {
    name: "VRRP.instance",
    value: VRRP.instance,
    mention: /RFE_VIP/,
    places: [at(`${PROGRAMS}/lib/render.sh`, /^vrrp_instance (\S+) \{$/m)],
  },
  {
    name: "VRRP.routerId",
    value: VRRP.routerId,
    places: [at(`${PROGRAMS}/lib/render.sh`, /^ +virtual_router_id (\d+)$/m)],
  },
  {
    name: "VRRP.primary.priority",
    value: VRRP.primary.priority,
    places: [at(`${PROGRAMS}/lib/render.sh`, /# Priority (\d+) makes this the owner of the address/)],
  },
  {
    name: "OSTREE.osName",
    value: OSTREE.osName,
    places: [at(`${PROGRAMS}/lib/system.sh`, /ostree admin deploy --stage --os=(\S+) /)],
  },
  {
    name: "OSTREE.remote",
    value: OSTREE.remote,
    places: [
      at(`${PROGRAMS}/lib/system.sh`, /"([\w-]+):\$EDGE_REF"/),
      at(`${PROGRAMS}/update`, /"([\w-]+):\$EDGE_REF"/),
      at(`${PROGRAMS}/lib/render.sh`, /remote \\*"([\w-]+)\\*"/, { count: 4 }),
      at(`${PROGRAMS}/lib/render.sh`, /remotes\.d\/(\S+)\.conf/),
    ],
  },
  {
    name: "UPDATE_SERVICE",
    value: UPDATE_SERVICE,
    mention: /edge-update\.service/,
    places: [
      at(FILE_NAMES, /^assets\/guest\/usr\/lib\/systemd\/system\/(edge-up\S+\.service)$/m),
      at(`${OSBUILD}/guest/shared-files`, /^usr\/lib\/systemd\/system\/(edge-up\S+\.service)$/m),
      at(
        `${OSBUILD_ROOT}/usr/lib/systemd/system/rpm-ostreed-automatic.service.d/10-edge.conf`,
        /^ExecStart=\S+ start (\S+)$/m,
      ),
      at(`${GUEST_FILES}/usr/lib/greenboot/green.d/90_report.sh`, /^ +systemctl --no-block start .* (\S+)$/m),
      at(`${GUEST_FILES}/usr/lib/greenboot/red.d/90_report.sh`, /^ +systemctl --no-block start (\S+)$/m),
    ],
  },
  {
    name: "UPGRADE_CHECK",
    value: UPGRADE_CHECK,
    mention: /01_check_upgrade/,
    places: [
      at(FILE_NAMES, /^assets\/guest\/etc\/greenboot\/check\/required\.d\/(\S+)$/m),
      at(`${OSBUILD}/guest/shared-files`, /^etc\/greenboot\/check\/required\.d\/(\S+)$/m),
      at(`${PROGRAMS}/report`, /failed_forget (\d\S+\.sh)/),
    ],
  },
  {
    name: "DEVICE.settings",
    value: DEVICE.settings,
    mention: /device\.env/,
    places: [
      at(QUADLET, /^EnvironmentFile=(.*)$/m),
      at(`${USER_UNITS}/${APP.proxyService}`, /^EnvironmentFile=-(\/etc\/.*)$/m),
      at(`${USER_UNITS}/${APP.watchService}`, /^EnvironmentFile=-(\/etc\/.*)$/m),
      at(`${SYSTEM_UNITS}/edge-provision.service`, /^Description=.* from (\S+)$/m),
      at(`${PROGRAMS}/lib/edge.sh`, /^ETC=\$ROOT(.*)$/m, { value: DEVICE.etc }),
      at(`${PROGRAMS}/lib/edge.sh`, /"\$ETC\/(\S+\.env)"/, {
        value: DEVICE.settings.slice(DEVICE.etc.length + 1),
      }),
      at(`${PROGRAMS}/provision`, /edge_log 4 "(\S+) names no device/),
    ],
  },
  {
    name: "DEVICE.changedSettings",
    value: DEVICE.changedSettings,
    mention: /settings\.env/,
    places: [
      at(`${USER_UNITS}/${APP.proxyService}`, /^EnvironmentFile=-(.*\/settings\.env)$/m),
      at(`${USER_UNITS}/${APP.watchService}`, /^EnvironmentFile=-(.*\/settings\.env)$/m),
      at(`${PROGRAMS}/lib/edge.sh`, /^CHANGED_SETTINGS=\$STATE\/(.*)$/m, {
        value: DEVICE.changedSettings.slice(DEVICE.state.length + 1),
      }),
    ],
  },
  {
    name: "DEVICE.state",
    value: DEVICE.state,
    mention: /\/var\/lib\/edge(?![\w-])/,
    places: [
      at(`${PROGRAMS}/lib/edge.sh`, /^STATE=\$ROOT(.*)$/m),
      at(`${SYSTEM_UNITS}/edge-release.service`, /^ConditionPathExists=(\S+)\/lock-held$/m),
      at(`${GUEST_FILES}/usr/lib/tmpfiles.d/edge.conf`, /^d (\/var\/lib\/(?!systemd\b)[^/\s]+)/m, {
        count: 2,
      }),
    ],
  },
  {
    name: "DEVICE.appState",
    value: DEVICE.appState,
    mention: /\.local\/state\/edge/,
    places: [
      at(`${PROGRAMS}/app-update`, /^STORE=\$HOME\/(.*)$/m),
      at(`${PROGRAMS}/lib/app.sh`, /^APP_STORE=\$ROOT\/var\/home\/\$APP_USER\/(.*)$/m),
      at(QUADLET, /^ExecStart(?:Pre|Post)=.* %h\/(\S+)$/m, { count: 2 }),
    ],
  },
];
