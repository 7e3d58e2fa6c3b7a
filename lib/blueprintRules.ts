import { OPERATOR } from "../protocol/names";
import { REMOVE, type Builder, type Report } from "./blueprintRefusals";
import type { Blueprint } from "./blueprintSchema";
import { portFault, serviceFault } from "./firewallPorts";

function targetRules({ distro, architecture }: Blueprint, builder: Builder, bad: Report): void {
  if (distro !== undefined && builder === "debian" && distro !== "debian-13") {
    bad("distro", distro, "is debian-13 where builder is debian", "remove it, or set builder: osbuild");
  }
  if (architecture !== undefined && architecture !== "x86_64") {
    bad("architecture", architecture, "is x86_64: the lab's devices have no other", REMOVE);
  }
}

function packageRules({ packages, modules }: Blueprint, bad: Report): void {
  const names = [...packages, ...modules].map((p) => p.name);
  const again = [...new Set(names.filter((n, i) => names.indexOf(n) !== i))];
  for (const value of again) {
    bad("packages", value, "lists each package once, modules included", "remove one of them");
  }
}

function firewallRules({ customizations: { firewall } }: Blueprint, builder: Builder, bad: Report): void {
  // The image builder's host checks the names: its distribution is the image's.
  const anyName = builder === "osbuild";
  firewall?.ports.forEach((entry, i) => {
    const fault = portFault(entry, anyName);
    if (fault) bad(`customizations.firewall.ports[${i}]`, entry, fault.rule, fault.fix);
  });
  for (const list of ["enabled", "disabled"] as const) {
    firewall?.services?.[list].forEach((service, i) => {
      const fault = serviceFault(service, anyName);
      if (fault) bad(`customizations.firewall.services.${list}[${i}]`, service, fault.rule, fault.fix);
    });
  }
}

/** Debian's range for people's accounts (Debian Policy 9.2.2); packages' own users and groups lie below. */
const DEBIAN_IDS = { low: 1000, high: 59999 };

function idRules(key: string, id: number | undefined, name: string, builder: Builder, bad: Report): void {
  if (id === undefined) return;
  if (id === OPERATOR.uid && name !== OPERATOR.name) {
    const rule = `differs from ${OPERATOR.uid}, which is ${OPERATOR.name}'s: the app's units name it`;
    bad(key, id, rule, `write another, such as ${OPERATOR.uid + 1}, or remove it`);
  } else if (id !== OPERATOR.uid && name === OPERATOR.name) {
    bad(
      key,
      id,
      `is ${OPERATOR.uid} for ${OPERATOR.name}: the app's units name it`,
      `write ${OPERATOR.uid}, or remove it`,
    );
  } else if (builder === "debian" && (id < DEBIAN_IDS.low || id > DEBIAN_IDS.high)) {
    const range = `from ${DEBIAN_IDS.low + 1} to ${DEBIAN_IDS.high}`;
    bad(key, id, `is ${range}: packages use the numbers below`, `write a number ${range}, or remove it`);
  }
}

/** Each value of a field once; `list` is the key of the items. */
function unique<T extends object>(
  list: string,
  items: readonly T[],
  field: keyof T & string,
  bad: Report,
): void {
  const values = items.map((item) => item[field]);
  const key = (i: number): string => `${list}[${i}].${field}`;
  values.forEach((value, i) => {
    const first = values.indexOf(value);
    if (value === undefined || first === i) return;
    bad(key(i), value, `is unique (${key(first)} has it too)`, "give each its own");
  });
}

/** What the kickstart sets for the operator, or what the app's units rely on. */
const OPERATORS_OWN = {
  password: "set coreUser.password in the stack's configuration",
  home: REMOVE,
  expiredate: REMOVE,
  force_password_reset: REMOVE,
} as const;

/** Where the rest of an image is read-only, a home must be below /var; these lead there. */
const HOMES = /^\/(home|srv|opt|mnt|var\/(home|srv|opt|mnt|lib))\/[^/]+/;

function userRules({ customizations }: Blueprint, builder: Builder, bad: Report): void {
  const { user: users, group: groups = [], sshkey: keys = [] } = customizations;
  users.forEach((user, i) => {
    const key = `customizations.user[${i}]`;
    idRules(`${key}.uid`, user.uid, user.name, builder, bad);
    idRules(`${key}.gid`, user.gid, user.name, builder, bad);
    if (user.name === OPERATOR.name) {
      for (const [name, fix] of Object.entries(OPERATORS_OWN)) {
        const value = user[name as keyof typeof OPERATORS_OWN];
        if (value !== undefined)
          bad(`${key}.${name}`, value, `is not taken for ${OPERATOR.name}, the devices' operator`, fix);
      }
    } else if (user.home !== undefined && !HOMES.test(user.home)) {
      const rule =
        "is a folder below /home, /srv, /opt, /mnt or /var/lib: all else is read-only or the system's";
      bad(`${key}.home`, user.home, rule, `write /home/${user.name}, or remove it`);
    }
  });
  unique("customizations.user", users, "name", bad);
  unique("customizations.user", users, "uid", bad);
  groups.forEach((group, i) => {
    idRules(`customizations.group[${i}].gid`, group.gid, group.name, builder, bad);
  });
  unique("customizations.group", groups, "name", bad);
  unique("customizations.group", groups, "gid", bad);
  const known = [OPERATOR.name, "root", ...users.map((u) => u.name)];
  keys.forEach(({ user }, i) => {
    if (known.includes(user)) return;
    const rule = `names a user of the image: ${known.join(", ")}`;
    bad(`customizations.sshkey[${i}].user`, user, rule, "add the user under customizations.user");
  });
}

/** Areas of the time zone database that tzdata has; its old names, such as US/Eastern, are in Debian's tzdata-legacy. */
const ZONE_AREAS =
  /^((Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)\/|(UTC|GMT)$)/;

function timeRules(
  { customizations: { timezone } }: Blueprint,
  builder: Builder,
  packages: readonly string[],
  bad: Report,
): void {
  const zone = timezone?.timezone;
  if (zone === undefined) return;
  const key = "customizations.timezone.timezone";
  let name: string;
  try {
    name = new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    bad(key, zone, "is a name of the time zone database", "write one that timedatectl list-timezones shows");
    return;
  }
  if (builder === "debian" && !ZONE_AREAS.test(zone) && !packages.includes("tzdata-legacy")) {
    bad(
      key,
      zone,
      "is a present name of the time zone database",
      `write ${name}, or add tzdata-legacy under packages`,
    );
  }
}

function localeRules(blueprint: Blueprint, builder: Builder, packages: readonly string[], bad: Report): void {
  if (builder !== "debian" || packages.includes("locales") || packages.includes("locales-all")) return;
  blueprint.customizations.locale?.languages?.forEach((language, i) => {
    if (/^(C|POSIX|C\.UTF-8)$/.test(language)) return;
    const rule = "is C.UTF-8 unless the image has the package locales";
    bad(`customizations.locale.languages[${i}]`, language, rule, "add locales under packages");
  });
}

const NEVER = ["/etc/fstab", "/etc/shadow", "/etc/passwd", "/etc/group"];

/** As the image builder has it for OSTree commits (osbuild/images, pkg/policies/policies.go). */
function fileRules({ customizations }: Blueprint, builder: Builder, bad: Report): void {
  const { files = [], directories = [] } = customizations;
  const below = (path: string, ...folders: string[]): boolean =>
    folders.some((f) => path.startsWith(`${f}/`));
  const extra = builder === "osbuild" ? ["/root", "/usr/local/bin", "/usr/local/sbin"] : [];
  files.forEach(({ path }, i) => {
    if (NEVER.includes(path) || !below(path, "/etc", ...extra)) {
      const rule = `is a path below ${["/etc", ...extra].join(", ")}, and none of ${NEVER.join(", ")}`;
      bad(
        `customizations.files[${i}].path`,
        path,
        rule,
        "write another path, or take a package that brings the file",
      );
    }
  });
  directories.forEach(({ path }, i) => {
    if (!below(path, "/etc")) {
      bad(`customizations.directories[${i}].path`, path, "is a path below /etc", "write another path");
    }
  });
  unique("customizations.files", files, "path", bad);
  unique("customizations.directories", directories, "path", bad);
}

/**
 * Rules between a blueprint's keys, and those of the backend that composes it. Keys that the backend cannot honour are
 * not among them: blueprintRefusals.ts.
 * @param blueprint in the right form
 */
export function blueprintRules(blueprint: Blueprint, builder: Builder, bad: Report): void {
  const packages = [...blueprint.packages, ...blueprint.modules].map((p) => p.name);
  targetRules(blueprint, builder, bad);
  packageRules(blueprint, bad);
  firewallRules(blueprint, builder, bad);
  userRules(blueprint, builder, bad);
  timeRules(blueprint, builder, packages, bad);
  localeRules(blueprint, builder, packages, bad);
  fileRules(blueprint, builder, bad);
}
