import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** JSON with sorted keys: equal values give the same text, whatever the order of their keys. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, v: unknown) =>
    typeof v === "object" && v !== null && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : v,
  );
}

/** SHA-256 of a value's canonical JSON, in hex. */
export function hashOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

function addPath(hash: ReturnType<typeof createHash>, path: string, label: string): void {
  const stat = lstatSync(path);
  if (stat.isDirectory()) {
    for (const name of readdirSync(path).sort()) addPath(hash, join(path, name), `${label}/${name}`);
  } else if (stat.isSymbolicLink()) {
    hash.update(`link ${label}\0${readlinkSync(path)}\0`);
  } else {
    hash.update(`file ${label} ${stat.mode & 0o111 ? "x" : "-"} ${stat.size}\0`).update(readFileSync(path));
  }
}

/**
 * SHA-256 over files and folders of the project: names, contents, the executable bit and link targets.
 * An input of every Command, so that it runs again when a script or image file changes.
 * @param paths relative to `root`
 */
export function hashFiles(root: string, paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of [...paths].sort()) addPath(hash, join(root, path), path);
  return hash.digest("hex");
}
