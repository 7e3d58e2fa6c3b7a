/** Settings that the libvirt provider has no argument for. */
export interface DomainXsltArgs {
  readonly accelerator: "kvm" | "tcg";
  /** Path of the disk image on the host. */
  readonly diskPath: string;
  /** File that keeps the serial console from power-on. */
  readonly consoleLog: string;
}

/** Large enough for a whole boot of the edge image; with QEMU's default, a boot flushes the cache twice. */
const TRANSLATION_CACHE_MIB = 512;

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Escapes text for an attribute of an XSLT literal result element, where braces are special too. */
function attribute(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ENTITIES[c] ?? c).replace(/[{}]/g, (c) => c + c);
}

/**
 * CPU features that TCG has but a guest must not use. QEMU 7.2 corrupts flags in cmpxchg16b (cx16): Linux 6.12 then
 * double-faults at random. The others are slow: with la57 every page walk has one more level; with erms Linux and glibc
 * copy with `rep movsb`, which TCG executes byte by byte; with smap the kernel fills a second TLB for each access to
 * user memory. A boot takes 80 s with erms and smap, and 68 s without them.
 */
const TCG_WITHOUT = ["cx16", "la57", "erms", "smap"];

/**
 * The XSLT that completes a domain's XML:
 * - the disk as a file with `cache=unsafe`: AppArmor, if it confines QEMU, denies a volume reference, and the
 *   host's page cache outlives a guest's power cut;
 * - under TCG a CPU without {@link TCG_WITHOUT}, and a large translation cache;
 * - the console kept in a file from power-on and still open to `virsh console`, a hardware watchdog, a CD drive on
 *   SATA (q35 has no IDE), no graphics, guest agent channel or memory balloon.
 */
export function domainXslt(args: DomainXsltArgs): string {
  const tcg = args.accelerator === "tcg";
  const cpu = tcg
    ? `<cpu mode="maximum" check="none">${TCG_WITHOUT.map((name) => `<feature policy="disable" name="${name}"/>`).join("")}</cpu>`
    : '<cpu mode="host-passthrough" check="none"/>';
  const cache = tcg ? `<tcg><tb-cache unit="MiB">${TRANSLATION_CACHE_MIB}</tb-cache></tcg>` : "";
  return `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output omit-xml-declaration="yes" indent="yes"/>
<xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
<xsl:template match="/domain/cpu"/>
<xsl:template match="/domain/features"><features><xsl:apply-templates select="node()"/>${cache}</features>${cpu}</xsl:template>
<xsl:template match="/domain/devices/disk[@device='disk']">
<disk type="file" device="disk"><driver name="qemu" type="qcow2" cache="unsafe" discard="unmap"/>
<source file="${attribute(args.diskPath)}"/><xsl:apply-templates select="target"/></disk></xsl:template>
<xsl:template match="/domain/devices/disk[@device='cdrom']/target"><target dev="sda" bus="sata"/></xsl:template>
<xsl:template match="/domain/devices/console|/domain/devices/serial"/>
<xsl:template match="/domain/devices/graphics|/domain/devices/video|/domain/devices/channel"/>
<xsl:template match="/domain/devices"><devices><xsl:apply-templates select="node()"/>
<serial type="pty"><log file="${attribute(args.consoleLog)}" append="on"/><target type="isa-serial" port="0"/></serial>
<controller type="usb" model="none"/><watchdog model="i6300esb" action="reset"/><memballoon model="none"/></devices></xsl:template>
</xsl:stylesheet>
`;
}
