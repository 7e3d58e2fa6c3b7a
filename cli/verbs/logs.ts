import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { labContext } from "../../client/context";
import { LabError } from "../../client/labError";
import { inState } from "../../protocol/paths";
import { oneLine } from "../../protocol/text";
import { print } from "../../client/terminal";

/** `lab logs [NAME]`: prints one of the lab's logs, or the names of all. */
export async function logs(name: string | undefined): Promise<number> {
  const { stateDir } = labContext();
  const dir = inState(stateDir, "log");
  const names = existsSync(dir)
    ? readdirSync(dir)
        .filter((f) => f.endsWith(".log"))
        .map((f) => f.slice(0, -".log".length))
        .sort()
    : [];
  if (name === undefined) {
    print(names.length > 0 ? `${names.map(oneLine).join("\n")}\n` : "no logs: the lab is not there\n");
    return 0;
  }
  if (!names.includes(name)) {
    throw new LabError(
      `there is no log "${name}"; rule: one of the names that lab logs prints; fix: ${names.join(", ") || "npm run up"}`,
    );
  }
  print(readFileSync(join(dir, `${name}.log`), "utf8"));
  return 0;
}
