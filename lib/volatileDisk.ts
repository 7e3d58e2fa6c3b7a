/** Folders of sockets begin with this; assets/host/libvirt-status.sh knows a domain on such a disk by it. */
export const VOLATILE_SOCKETS = "/run/edge-lab-";

/** Whether the XML of a domain that is on says that its disk is a volatile one. */
export function isVolatile(xml: string): boolean {
  return xml.includes(` socket='${VOLATILE_SOCKETS}`);
}

/** A domain whose disk is served over NBD, and the file that the disk is. */
export interface NbdDomain {
  readonly xml: string;
  readonly file: string;
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const decoded = (text: string): string =>
  text.replace(/&(\w+);/g, (all, name: string) => ENTITIES[name] ?? all);
const encoded = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/'/g, "&apos;");

/** Security models of `virsh capabilities` that would keep QEMU from a socket that libvirt has not made. */
export function confiningModels(capabilities: string): string[] {
  const models = [...capabilities.matchAll(/<secmodel>\s*<model>([^<]*)<\/model>/g)].map((m) => m[1] ?? "");
  return models.filter((model) => model === "apparmor" || model === "selinux");
}

/**
 * A domain's definition with its disk behind an NBD socket, for one start beside the definition that stays.
 * - `cache=writeback` passes the guest's flushes on, which the lab's own `unsafe` swallows;
 * - a guest whose disk goes away stops before it sees an error: to it the power fails, not the disk;
 * - no discard, which the cache would pass through while it still holds the writes before it.
 * @param xml output of `virsh dumpxml --inactive`
 * @param models security models that must not confine this start
 * @throws Error if the domain does not have exactly one disk that is a file
 */
export function diskOverNbd(xml: string, socket: string, models: readonly string[] = []): NbdDomain {
  const disks = [...xml.matchAll(/<disk type='file' device='disk'[^>]*>[^]*?<\/disk>/g)].map((m) => m[0]);
  const [disk = ""] = disks;
  const file = /<source file='([^']*)'/.exec(disk)?.[1];
  if (disks.length !== 1 || file === undefined)
    throw new Error(`the domain has ${disks.length} disks that are files instead of 1`);
  const over = disk
    .replace("type='file'", "type='network'")
    .replace(
      /<driver [^>]*\/>/,
      "<driver name='qemu' type='raw' cache='writeback' discard='ignore' error_policy='stop' rerror_policy='stop'/>",
    )
    .replace(
      /<source file='[^']*'[^>]*?(?:\/>|>[^]*?<\/source>)/,
      () => `<source protocol='nbd'><host transport='unix' socket='${encoded(socket)}'/></source>`,
    );
  const labels = models.map((model) => `<seclabel type='none' model='${model}'/>`).join("");
  return {
    file: decoded(file),
    xml: xml.replace(disk, () => over).replace("</domain>", `${labels}</domain>`),
  };
}
