import { existsSync } from "node:fs";
import { resolve } from "node:path";

import type { LabConfig } from "./config";
import type { Problem } from "./configErrors";

/**
 * What a stack file may say and this version cannot do: refused by name, never silently done otherwise.
 * @param root project folder; a backend is there when its folder is
 */
export function notYet(root: string, config: LabConfig): Problem[] {
  const problems: Problem[] = [];
  if (!existsSync(resolve(root, "assets/builders", config.builder))) {
    problems.push({
      key: "builder",
      value: config.builder,
      rule: "is a backend whose folder stands in assets/builders",
      fix: "write builder: debian",
    });
  }
  return problems;
}
