import { readFileSync } from "node:fs";
import { join } from "node:path";

const part = (name: string): string => readFileSync(join(__dirname, name), "utf8");

/** The status page: one document without anything from elsewhere. */
export const page = part("page.html")
  .replace("<style></style>", () => `<style>${part("page.css")}</style>`)
  .replace("<script></script>", () => `<script>${part("pageScript.js")}</script>`);
