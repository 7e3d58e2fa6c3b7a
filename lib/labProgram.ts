import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { relative, resolve } from "node:path";

import { parseBlueprint, type Blueprint } from "./blueprint";
import type { Builder } from "./blueprintRefusals";
import { coerce } from "./coerce";
import { resolveConfig, type LabConfig } from "./config";
import { ConfigError, type Problem } from "./configErrors";
import { schema } from "./configSchema";
import { labHost, type LabHost } from "./labHost";
import { stateOwnerProblems } from "./stateOwner";
import { secretsIn } from "./secretKeys";
import {
  mergeSources,
  parseEngineConfig,
  parseProjectDefaults,
  parseStackFile,
  plainSecret,
  readableKeys,
  type ConfigMap,
} from "./stackFile";

/** A stack's configuration and the files that it names, read and validated. */
export interface LabInputs {
  /** Pulumi stack, without its organization. */
  readonly stack: string;
  readonly config: LabConfig;
  /** The state directory, absolute: Pulumi's state, and everything that a lab on this host writes. */
  readonly stateDir: string;
  /** The lab's host: the state directory there, its libvirt, and, if it is another host, how to reach it. */
  readonly host: LabHost;
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

/** The engine's keys, without those that hold a secret in clear text: each of these is a problem. */
function engineKeys(
  engine: Record<string, string>,
  encrypted: (key: string) => boolean,
): { keys: ConfigMap; problems: Problem[] } {
  const keys: ConfigMap = {};
  const problems: Problem[] = [];
  for (const [key, value] of Object.entries(parseEngineConfig(engine))) {
    const name = `edge-lab:${key}`;
    const secrets = encrypted(name) ? [] : secretsIn(engine[name], key);
    // The engine hands a map over as text, whatever it was stored as.
    problems.push(...secrets.map((secret) => plainSecret({ ...secret, inText: false })));
    if (secrets.length === 0) keys[key] = value;
  }
  return { keys, problems };
}

/**
 * Reads a stack's sources: the defaults in Pulumi.yaml, the committed Pulumi.STACK.yaml, the engine's configuration
 * (`pulumi config set`, `--config`), and the blueprint.
 * @param root project folder
 * @param engine the engine's configuration, `namespace:key` to text
 * @param encrypted tells whether the engine has a key, `namespace:key`, encrypted; default: none
 * @throws ConfigError that lists every mistake in all of them, before anything changes
 */
export function readLabInputs(
  root: string,
  stack: string,
  engine: Record<string, string>,
  encrypted: (key: string) => boolean = () => false,
): LabInputs {
  const file = `Pulumi.${stack}.yaml`;
  const problems: Problem[] = [];
  /** The result of `read`; undefined if it found mistakes, which are collected. */
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (e) {
      if (!(e instanceof ConfigError)) throw e;
      problems.push(...e.problems);
      return undefined;
    }
  };
  const defaults = parseProjectDefaults(readOptional(resolve(root, "Pulumi.yaml")), "Pulumi.yaml");
  const text = readOptional(resolve(root, file));
  const stackFile = attempt(() => parseStackFile(text, file)) ?? attempt(() => readableKeys(text, file));
  // Both readings have reported a file that is not YAML: once is enough.
  if (!stackFile) throw new ConfigError(file, problems.slice(0, 1));
  // The committed file must have the right types; values stored by `pulumi config set` are converted.
  const { keys, problems: plain } = engineKeys(engine, encrypted);
  problems.push(...plain);
  const given = coerce(schema, keys) as Record<string, unknown>;
  const raw = mergeSources(defaults, stackFile, given);
  const config = attempt(() => resolveConfig(raw, file));
  const path = config?.blueprint ?? raw["blueprint"];
  const builder = (config?.builder ?? raw["builder"]) === "osbuild" ? "osbuild" : "debian";
  const blueprint = typeof path === "string" ? attempt(() => readBlueprint(root, path, builder)) : undefined;
  const stateDir = config?.stateDir ?? raw["stateDir"];
  if (typeof stateDir === "string") problems.push(...stateDirProblems(root, stateDir));
  if (!config || !blueprint || problems.length > 0) throw new ConfigError(file, problems);
  const local = resolve(root, config.stateDir);
  return { stack, config, stateDir: local, host: labHost(config, stack, local), blueprint };
}

/**
 * A state directory holds one lab.
 * @throws ConfigError if it belongs to another stack
 */
export function checkStateOwner({ stateDir, stack }: Pick<LabInputs, "stateDir" | "stack">): void {
  const problems = stateOwnerProblems(stateDir, stack);
  if (problems.length > 0) throw new ConfigError(`Pulumi.${stack}.yaml`, problems);
}

function contains(folder: string, path: string): boolean {
  return relative(folder, path).split("/")[0] !== "..";
}

/** `destroy` removes the state directory, so nothing else may be in it. */
function stateDirProblems(root: string, stateDir: string): Problem[] {
  const problem = (rule: string, fix: string): Problem[] => [{ key: "stateDir", value: stateDir, rule, fix }];
  if (stateDir.startsWith("~")) return problem("is a path; no shell expands it", "write it out, from / on");
  const path = resolve(root, stateDir);
  if (contains(path, root) || contains(path, homedir())) {
    return problem(
      "holds nothing but the lab, for destroy removes it",
      "name a folder of its own, such as .lab",
    );
  }
  const [top = ""] = relative(root, path).split("/");
  if (contains(root, path) && !/^\.lab(-[A-Za-z0-9._-]+)?$/.test(top)) {
    return problem(
      "is .lab, .lab-NAME or below one of them where it lies in the project",
      "write .lab, .lab-NAME, or a folder outside of the project",
    );
  }
  return [];
}

function readBlueprint(root: string, path: string, builder: Builder): Blueprint {
  let text: string;
  try {
    text = readFileSync(resolve(root, path), "utf8");
  } catch (e) {
    const code = (e as NodeJS.ErrnoException).code ?? String(e);
    const rule = `is the path of an osbuild blueprint, from the project's folder; it cannot be read (${code})`;
    throw new ConfigError(path, [
      { key: "blueprint", value: path, rule, fix: "correct the path or its permissions" },
    ]);
  }
  return parseBlueprint(text, path, builder);
}
