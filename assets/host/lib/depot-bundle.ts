/**
 * Makes the depot one file, so that it runs without the project and its packages, which its user may not read.
 * Usage: depot-bundle.ts FOLDER, an existing one; it gets depot.cjs and the parts of the page.
 */
import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { buildSync } from "esbuild";

const DEPOT = join(__dirname, "../../../depot");

function makeProgram(): void {
  const folder = process.argv[2];
  if (!folder) throw new Error("usage: depot-bundle.ts FOLDER");
  buildSync({
    entryPoints: [join(DEPOT, "main.ts")],
    outfile: join(folder, "depot.cjs"),
    bundle: true,
    platform: "node",
    format: "cjs",
    // The oldest Node that the lab takes from a host.
    target: "node20",
    // The packages' licences stay in their folders: this file leaves the host never.
    legalComments: "none",
    logLevel: "warning",
  });
  // The page is read from beside the program (depot/page.ts).
  for (const name of readdirSync(DEPOT).filter((file) => file.startsWith("page") && !file.endsWith(".ts"))) {
    copyFileSync(join(DEPOT, name), join(folder, name));
  }
}

makeProgram();
