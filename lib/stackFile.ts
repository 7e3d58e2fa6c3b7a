import { isDeepStrictEqual } from "node:util";

import { parse, YAMLParseError } from "yaml";

import { ConfigError } from "./configErrors";

const NAMESPACE = "edge-lab:";

/** A map of keys without their namespace. */
export type ConfigMap = Record<string, unknown>;

function isMap(value: unknown): value is ConfigMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseYaml(text: string, file: string): ConfigMap {
  try {
    const value: unknown = parse(text);
    return isMap(value) ? value : {};
  } catch (e) {
    if (!(e instanceof YAMLParseError)) throw e;
    const key = `(line ${e.linePos?.[0].line ?? "?"})`;
    const rule = `is YAML: ${e.message.split("\n")[0] ?? ""}`;
    throw new ConfigError(file, [{ key, value: undefined, rule, fix: "correct that line" }]);
  }
}

/**
 * The keys of the namespace in a stack file (`Pulumi.<stack>.yaml`).
 * @param options.secrets what to do with encrypted values: `refuse` (default), for only the engine can read them
 *   and the file is committed, or `skip`
 */
export function parseStackFile(
  text: string,
  file: string,
  options: { secrets: "refuse" | "skip" } = { secrets: "refuse" },
): ConfigMap {
  const block = parseYaml(text, file)["config"];
  if (block === undefined || block === null) return {};
  if (!isMap(block)) {
    throw new ConfigError(file, [
      { key: "config", value: block, rule: "is a map of keys", fix: "write config: and the keys below it" },
    ]);
  }
  const keys: ConfigMap = {};
  for (const [key, value] of Object.entries(block)) {
    if (!key.startsWith(NAMESPACE)) continue;
    if (isMap(value) && "secure" in value) {
      if (options.secrets === "skip") continue;
      throw new ConfigError(file, [
        {
          key: key.slice(NAMESPACE.length),
          value: "(secret)",
          rule: "holds no secret in the committed stack file",
          fix: `remove it here and run: pulumi config set --secret ${key} ...`,
        },
      ]);
    }
    keys[key.slice(NAMESPACE.length)] = value;
  }
  return keys;
}

/** The defaults that Pulumi.yaml declares for the namespace. */
export function parseProjectDefaults(text: string, file: string): ConfigMap {
  const block = parseYaml(text, file)["config"];
  if (!isMap(block)) return {};
  return Object.fromEntries(
    Object.entries(block).flatMap(([key, value]) =>
      key.startsWith(NAMESPACE) && isMap(value) && "default" in value
        ? [[key.slice(NAMESPACE.length), value["default"]]]
        : [],
    ),
  );
}

/** What the engine hands over: strings, of which those that are JSON objects, arrays, numbers or booleans are read as such. */
export function parseEngineConfig(all: Record<string, string>): ConfigMap {
  const keys: ConfigMap = {};
  for (const [key, text] of Object.entries(all)) {
    if (!key.startsWith(NAMESPACE)) continue;
    const structured = /^\s*[[{]/.test(text);
    try {
      keys[key.slice(NAMESPACE.length)] = structured ? (JSON.parse(text) as unknown) : text;
    } catch {
      keys[key.slice(NAMESPACE.length)] = text; // not JSON after all: validation names it
    }
  }
  return keys;
}

function merge(below: unknown, above: unknown): unknown {
  if (!isMap(below) || !isMap(above)) return above;
  const result: ConfigMap = { ...below };
  for (const [key, value] of Object.entries(above))
    result[key] = key in result ? merge(result[key], value) : value;
  return result;
}

/**
 * Lays the sources over each other: project defaults, then the committed stack file, then what
 * `pulumi config set` or `--config` gave. The engine mixes the project's defaults into what it hands
 * over, so a value that equals the default does not count as given.
 */
export function mergeSources(defaults: ConfigMap, stackFile: ConfigMap, engine: ConfigMap): ConfigMap {
  const given = Object.fromEntries(
    Object.entries(engine).filter(
      ([key, value]) => !(key in defaults && isDeepStrictEqual(value, defaults[key])),
    ),
  );
  return merge(merge(defaults, stackFile), given) as ConfigMap;
}
