import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The status page: one file without anything from elsewhere. */
export const page = readFileSync(join(__dirname, "page.html"), "utf8");
