import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { parseBlueprint, BlueprintError, type Blueprint } from "./blueprint";
import { resolveConfig, type LabConfig } from "./config";
import { mergeSources, parseEngineConfig, parseProjectDefaults, parseStackFile } from "./stackFile";

/** A stack's configuration with the files that it names, read and validated. */
export interface LabInputs {
  readonly config: LabConfig;
  /** The state directory, absolute. */
  readonly stateDir: string;
  readonly blueprint: Blueprint;
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw e;
  }
}

/**
 * Reads what a stack is made of: Pulumi.yaml's defaults, the committed Pulumi.STACK.yaml, what the engine was
 * given besides (`pulumi config set`, `--config`), and the blueprint.
 * @param root project folder
 * @param engine the engine's configuration, `namespace:key` to text
 * @throws ConfigError or BlueprintError, before anything is changed
 */
export function readLabInputs(root: string, stack: string, engine: Record<string, string>): LabInputs {
  const file = `Pulumi.${stack}.yaml`;
  const defaults = parseProjectDefaults(readOptional(resolve(root, "Pulumi.yaml")), "Pulumi.yaml");
  const stackFile = parseStackFile(readOptional(resolve(root, file)), file);
  const config = resolveConfig(mergeSources(defaults, stackFile, parseEngineConfig(engine)), file);
  return {
    config,
    stateDir: resolve(root, config.stateDir),
    blueprint: readBlueprint(root, file, config.blueprint),
  };
}

function readBlueprint(root: string, stackFile: string, path: string): Blueprint {
  let text: string;
  try {
    text = readFileSync(resolve(root, path), "utf8");
  } catch (e) {
    const code = (e as NodeJS.ErrnoException).code ?? String(e);
    throw new BlueprintError(
      `${stackFile}: edge-lab:blueprint = "${path}": cannot be read (${code}); ` +
        "rule: it is the path of an osbuild blueprint, from the project's folder; fix: correct the path or its permissions",
    );
  }
  return parseBlueprint(text, path);
}
