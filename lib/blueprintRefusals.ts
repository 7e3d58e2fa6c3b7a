/** The image-builder backends. */
export type Builder = "debian" | "osbuild";

/** Takes one mistake. */
export type Report = (key: string, value: unknown, rule: string, fix: string) => void;

interface Refusal {
  readonly key: string;
  readonly rule: string;
  readonly fix: string;
}

const KICKSTART = "the lab's kickstart decides that";
const OTHER_IMAGE = "belongs to another type of image, and the lab composes an OSTree commit";
const NO_PARTITIONS = "is for images with partitions: an OSTree commit has none";
/** The fix of a key that nothing can honour. */
export const REMOVE = "remove it";

/**
 * Keys of the reference that no OSTree commit takes (osbuild/images, `supported_options_ostree_commit` in
 * data/distrodefs/rhel-9/imagetypes.yaml at 1146ec2): the image builder refuses them or ignores them.
 */
const REFUSED: readonly Refusal[] = [
  { key: "minimal", rule: "is experimental, and no commit takes it", fix: REMOVE },
  {
    key: "customizations.kernel.append",
    rule: "is not taken for OSTree commits: kernel arguments belong to an installation",
    fix: REMOVE,
  },
  {
    key: "customizations.filesystem",
    rule: NO_PARTITIONS,
    fix: "remove it, and set device.diskGiB for the disk's size",
  },
  {
    key: "customizations.disk",
    rule: NO_PARTITIONS,
    fix: "remove it, and set device.diskGiB for the disk's size",
  },
  { key: "customizations.partitioning_mode", rule: NO_PARTITIONS, fix: REMOVE },
  { key: "customizations.installation_device", rule: `${OTHER_IMAGE}; ${KICKSTART}`, fix: REMOVE },
  { key: "customizations.installer", rule: `${OTHER_IMAGE}; ${KICKSTART}`, fix: REMOVE },
  { key: "customizations.iso", rule: OTHER_IMAGE, fix: REMOVE },
  { key: "customizations.ignition", rule: `${OTHER_IMAGE}; ${KICKSTART}`, fix: REMOVE },
  { key: "customizations.fdo", rule: OTHER_IMAGE, fix: REMOVE },
  { key: "customizations.openscap", rule: "is not taken for OSTree commits", fix: REMOVE },
  { key: "customizations.rpm", rule: "is not taken for OSTree commits", fix: REMOVE },
  {
    key: "customizations.cacerts",
    rule: "is not taken for OSTree commits",
    fix: "remove it, or add the certificate as a file below /etc",
  },
  {
    key: "customizations.sshd",
    rule: "is not taken for OSTree commits",
    fix: "remove it, or add a file below /etc/ssh/sshd_config.d",
  },
  { key: "customizations.firstboot", rule: "is not taken for OSTree commits", fix: REMOVE },
  { key: "customizations.containers-storage", rule: "is not taken for OSTree commits", fix: REMOVE },
];

/** Keys that only osbuild's image builder can honour. */
const OSBUILD_ONLY: readonly Refusal[] = [
  {
    key: "groups",
    rule: "names groups of RPM packages, which Debian does not have",
    fix: "list their packages under packages",
  },
  {
    key: "enabled_modules",
    rule: "names module streams of RPM repositories, which Debian does not have",
    fix: REMOVE,
  },
  {
    key: "containers",
    rule: "is taken by builder osbuild only",
    fix: "remove it: devices fetch the app from the lab's registry",
  },
  {
    key: "customizations.kernel.name",
    rule: "is taken by builder osbuild only: Debian's image has the cloud kernel",
    fix: REMOVE,
  },
  {
    key: "customizations.locale.keyboard",
    rule: "is taken by builder osbuild only: Debian's image has a serial console",
    fix: REMOVE,
  },
  {
    key: "customizations.firewall.zones",
    rule: "is taken by builder osbuild only: Debian's image has nftables, without zones",
    fix: "remove it, and open ports under customizations.firewall.ports",
  },
  {
    key: "customizations.repositories",
    rule: "names RPM repositories, which Debian does not read",
    fix: REMOVE,
  },
  { key: "customizations.fips", rule: "is taken by builder osbuild only", fix: REMOVE },
  { key: "customizations.rhsm", rule: "is taken by builder osbuild only", fix: REMOVE },
  { key: "customizations.dnf", rule: "is taken by builder osbuild only", fix: REMOVE },
];

function valueAt(blueprint: unknown, key: string): unknown {
  return key
    .split(".")
    .reduce<unknown>(
      (at, part) => (typeof at === "object" && at !== null ? (Reflect.get(at, part) as unknown) : undefined),
      blueprint,
    );
}

/** Was it written, and with something in it? */
function given(value: unknown): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

/**
 * Reports every key of a blueprint that the backend cannot honour.
 * @param blueprint as written: its other keys may be wrong
 */
export function refusals(blueprint: unknown, builder: Builder, bad: Report): void {
  for (const { key, rule, fix } of builder === "debian" ? [...REFUSED, ...OSBUILD_ONLY] : REFUSED) {
    const value = valueAt(blueprint, key);
    if (given(value)) bad(key, value, rule, fix);
  }
  const files = valueAt(blueprint, "customizations.files");
  if (!Array.isArray(files)) return;
  files.forEach((file: unknown, i) => {
    const uri = valueAt(file, "uri");
    if (uri === undefined) return;
    const rule = "is not taken: a blueprint holds its files";
    bad(`customizations.files[${i}].uri`, uri, rule, "write the text under data");
  });
}
