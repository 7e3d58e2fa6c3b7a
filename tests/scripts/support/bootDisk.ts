import { execFileSync } from "node:child_process";
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

const INSTALLER = "assets/builders/debian/installer";
const SECTOR = 512;
/** Where the only partition begins; GRUB's own image lies in the gap before it. */
const PARTITION = 2048;
const MEBIBYTES = 32;

/** What the disk starts with. */
export interface BootDiskArgs {
  /** Folder with the installer's boot.img and core.img. */
  readonly parts: string;
  /** GRUB's environment block, byte by byte; undefined for none. */
  readonly grubenv: Buffer | undefined;
  /** The menu that the device's grub.cfg ends with. */
  readonly loader: string;
}

/** GRUB's environment block with these variables, as its manual describes it. */
export function environmentBlock(variables: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  return Buffer.from(["# GRUB Environment Block\n", ...lines].join("").padEnd(1024, "#"));
}

/**
 * A raw disk with the device's real boot loader, its grub.cfg and its /boot as the installer formats it. Made as a file,
 * with nothing mounted; a partition table of the old kind, since GRUB's work on it is the same.
 */
export class BootDisk {
  readonly path: string;

  constructor(folder: string, args: BootDiskArgs) {
    this.path = join(folder, "disk.img");
    const disk = openSync(this.path, "w");
    ftruncateSync(disk, (MEBIBYTES + 1) * 1024 * 1024);
    writeLoader(disk, args.parts);
    closeSync(disk);

    const boot = join(folder, "boot");
    mkdirSync(join(boot, "grub"), { recursive: true });
    mkdirSync(join(boot, "loader"), { recursive: true });
    writeFileSync(join(boot, "grub/grub.cfg"), readFileSync(`${INSTALLER}/grub.cfg`));
    writeFileSync(join(boot, "loader/grub.cfg"), args.loader);
    if (args.grubenv !== undefined) writeFileSync(join(boot, "grub/grubenv"), args.grubenv);
    const options = ["-q", "-F", "-L", "boot", "-O", installersFeatures(), "-d", boot];
    const at = `offset=${PARTITION * SECTOR}`;
    execFileSync("mkfs.ext4", [...options, "-E", at, this.path, `${MEBIBYTES}M`], { stdio: "pipe" });
  }

  /** GRUB's environment block as it is on the disk. */
  grubenv(): Buffer {
    const image = `${this.path}?offset=${PARTITION * SECTOR}`;
    return execFileSync("debugfs", ["-R", "cat /grub/grubenv", image], { stdio: "pipe" });
  }

  /** The same as variables. */
  variables(): Record<string, string> {
    const lines = this.grubenv().toString().split("\n");
    return Object.fromEntries(
      lines
        .filter((line) => line.includes("="))
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
  }
}

/** The ext4 features with which the installer formats /boot: GRUB cannot write to every ext4. */
function installersFeatures(): string {
  const features = /mkfs\.ext4 .*-L boot .*-O (\S+)/.exec(
    readFileSync(`${INSTALLER}/lib/disk.sh`, "utf8"),
  )?.[1];
  if (features === undefined) throw new Error("disk.sh: how does it format /boot?");
  return features;
}

/**
 * Master boot record and GRUB's image, as grub-bios-setup writes them. Offsets: GRUB's include/grub/i386/pc/boot.h and
 * include/grub/offsets.h.
 */
function writeLoader(disk: number, parts: string): void {
  const record = Buffer.alloc(SECTOR);
  readFileSync(join(parts, "boot.img")).copy(record);
  record.writeBigUInt64LE(1n, 0x5c); // the image's first sector
  record.fill(0x90, 0x66, 0x68); // trust no BIOS that names another drive
  const entry = record.subarray(0x1be, 0x1ce);
  entry.fill(0);
  entry.writeUInt8(0x80, 0); // active
  entry.writeUInt8(0x83, 4); // Linux
  entry.writeUInt32LE(PARTITION, 8);
  entry.writeUInt32LE(MEBIBYTES * 2048, 12);
  record.fill(0, 0x1ce, 0x1fe);
  record.writeUInt16LE(0xaa55, 0x1fe);

  const core = readFileSync(join(parts, "core.img"));
  const sectors = Math.ceil(core.length / SECTOR);
  if (sectors >= PARTITION) throw new Error("core.img does not fit before the partition");
  // The first sector loads the others: from where, how many, to which segment.
  core.writeBigUInt64LE(2n, 0x1f4);
  core.writeUInt16LE(sectors - 1, 0x1fc);
  core.writeUInt16LE(0x820, 0x1fe);
  writeSync(disk, record, 0, SECTOR, 0);
  writeSync(disk, core, 0, core.length, SECTOR);
}
