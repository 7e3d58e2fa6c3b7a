/**
 * scratchDelta.ts BARE_REPO ARCHIVE_REPO COMMIT: the static delta from nothing to COMMIT, for first installations.
 *
 * One request per part instead of one per object makes an installation fast. `ostree static-delta generate` would
 * compress everything with LZMA, which takes minutes here and costs the device as much time as it saves; this stores
 * the parts uncompressed. The format is libostree's own: any client accepts it and checks every object as usual.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { array, dictionary, tuple, u32be, u64be, u64le, varuint } from "./gvariant";
import { storedXz } from "./storedXz";

/** A device holds two parts in memory at a time. */
const PART_BYTES = 16 << 20;

/** libostree's numbers of the object types, by their file extension in a bare repository. */
const TYPES = { file: 1, dirtree: 2, dirmeta: 3 } as const;
const LINK = 0o120000;
const REGULAR = 0o100000;

interface StoredObject {
  readonly kind: keyof typeof TYPES;
  readonly checksum: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  /** Has extended attributes: clients fetch such objects (a few, with capabilities) singly. */
  readonly attributes: boolean;
}

function objectPath(repo: string, checksum: string, extension: string): string {
  return join(repo, "objects", checksum.slice(0, 2), `${checksum.slice(2)}.${extension}`);
}

/** Every object that the commit reaches, once. */
function objectsOf(repo: string, commit: string): StoredObject[] {
  const listing = execFileSync("ostree", ["ls", `--repo=${repo}`, "-R", "-C", "-X", commit], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const line = /^([-dl])(\d{5}) (\d+) (\d+) +\d+ (?:([0-9a-f]{64}) )?([0-9a-f]{64}) \{ (.*?) \} \//;
  const found = new Map<string, StoredObject>();
  for (const text of listing.trimEnd().split("\n")) {
    const [, type, mode = "", uid, gid, tree, checksum = "", attributes = ""] = line.exec(text) ?? [];
    if (type === undefined) throw new Error(`ostree ls says what is not understood: ${text}`);
    const add = (kind: keyof typeof TYPES, sum: string, more: Partial<StoredObject> = {}): void => {
      found.set(`${sum}.${kind}`, {
        kind,
        checksum: sum,
        uid: 0,
        gid: 0,
        mode: 0,
        attributes: false,
        ...more,
      });
    };
    if (type === "d") {
      if (tree !== undefined) add("dirtree", tree);
      add("dirmeta", checksum);
    } else {
      add("file", checksum, {
        uid: Number(uid),
        gid: Number(gid),
        mode: (type === "l" ? LINK : REGULAR) | Number.parseInt(mode, 8),
        attributes: !attributes.endsWith("[]"),
      });
    }
  }
  return [...found.values()];
}

/** Objects of one part, with the operations that write them. */
class Part {
  size = 0;
  private readonly payload: Buffer[] = [];
  private readonly operations: Buffer[] = [];
  private readonly names: Buffer[] = [];
  private readonly modes = new Map<string, { index: number; data: Buffer }>();

  add(object: StoredObject, data: Buffer): void {
    this.names.push(Buffer.from([TYPES[object.kind]]), Buffer.from(object.checksum, "hex"));
    this.operations.push(Buffer.from("S")); // open, splice and close
    // Attributes: entry 0, which is the empty list.
    if (object.kind === "file") this.operations.push(varuint(this.mode(object)), varuint(0));
    this.operations.push(varuint(data.length), varuint(this.size));
    this.payload.push(data);
    this.size += data.length;
  }

  /** Writes the part's file; returns its superblock entry. */
  write(file: string): Buffer {
    const modes = Buffer.concat([...this.modes.values()].map(({ data }) => data));
    const content = tuple([
      { data: modes, align: 4 },
      { data: array([Buffer.alloc(0)]) },
      { data: Buffer.concat(this.payload) },
      { data: Buffer.concat(this.operations) },
    ]);
    const bytes = Buffer.concat([Buffer.from("x"), storedXz(content)]);
    writeFileSync(file, bytes);
    return tuple([
      { data: u32be(0), align: 4, fixed: true }, // format version
      { data: createHash("sha256").update(bytes).digest() },
      { data: u64le(bytes.length), align: 8, fixed: true },
      { data: u64le(this.size), align: 8, fixed: true },
      { data: Buffer.concat(this.names) },
    ]);
  }

  private mode({ uid, gid, mode }: StoredObject): number {
    const key = `${String(uid)} ${String(gid)} ${String(mode)}`;
    let entry = this.modes.get(key);
    if (entry === undefined) {
      entry = { index: this.modes.size, data: Buffer.concat([u32be(uid), u32be(gid), u32be(mode)]) };
      this.modes.set(key, entry);
    }
    return entry.index;
  }
}

function contentOf(repo: string, object: StoredObject): Buffer {
  const path = objectPath(repo, object.checksum, object.kind);
  return (object.mode & LINK) === LINK ? Buffer.from(readlinkSync(path)) : readFileSync(path);
}

/** An object that clients fetch singly: type, name, size in the archive and unpacked. */
function fallback(bare: string, archive: string, { kind, checksum }: StoredObject): Buffer {
  return tuple([
    { data: Buffer.from([TYPES[kind]]), fixed: true },
    { data: Buffer.from(checksum, "hex") },
    { data: u64le(statSync(objectPath(archive, checksum, "filez")).size), align: 8, fixed: true },
    { data: u64le(statSync(objectPath(bare, checksum, "file")).size), align: 8, fixed: true },
  ]);
}

function writeDelta(bare: string, archive: string, commit: string): void {
  const name = Buffer.from(commit, "hex").toString("base64").replace(/=+$/, "").replaceAll("/", "_");
  const relative = join("deltas", name.slice(0, 2), name.slice(2));
  const directory = join(archive, relative);
  const temporary = `${directory}.tmp`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });

  const entries: Buffer[] = [];
  const fallbacks: Buffer[] = [];
  let part = new Part();
  const flush = (): void => {
    if (part.size > 0) entries.push(part.write(join(temporary, String(entries.length))));
    part = new Part();
  };
  for (const object of objectsOf(bare, commit)) {
    if (object.attributes) {
      fallbacks.push(fallback(bare, archive, object));
      continue;
    }
    const data = contentOf(bare, object);
    if (part.size + data.length > PART_BYTES) flush();
    part.add(object, data);
  }
  flush();

  // Clients look for the commit's signatures here.
  const signatures = objectPath(bare, commit, "commitmeta");
  const metadata = {
    "ostree.endianness": { data: Buffer.from("l"), type: "y" },
    ...(existsSync(signatures) && {
      [`${relative}/commitmeta`]: { data: readFileSync(signatures), type: "a{sv}" },
    }),
  };
  const superblock = tuple([
    { data: dictionary(metadata), align: 8 },
    { data: u64be(Math.floor(Date.now() / 1000)), align: 8, fixed: true },
    { data: Buffer.alloc(0) }, // from: nothing
    { data: Buffer.from(commit, "hex") },
    { data: readFileSync(objectPath(bare, commit, "commit")), align: 8 },
    { data: Buffer.alloc(0) }, // no other deltas first
    { data: array(entries, 8), align: 8 },
    { data: array(fallbacks, 8), align: 8 },
  ]);
  writeFileSync(join(temporary, "superblock"), superblock);
  rmSync(directory, { recursive: true, force: true });
  renameSync(temporary, directory);
  process.stderr.write(
    `${String(entries.length)} parts, ${String(fallbacks.length)} objects to fetch singly\n`,
  );
}

const [bare, archive, commit] = process.argv.slice(2);
if (bare === undefined || archive === undefined || !/^[0-9a-f]{64}$/.test(commit ?? "")) {
  throw new Error("usage: scratchDelta.ts BARE_REPO ARCHIVE_REPO COMMIT");
}
writeDelta(bare, archive, commit ?? "");
