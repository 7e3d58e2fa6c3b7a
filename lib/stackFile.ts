import { isDeepStrictEqual } from "node:util";

import { parse, YAMLParseError } from "yaml";

import { ConfigError, type Problem } from "./configErrors";
import { SECRET_AREAS, secretsIn, setSecret, type FoundSecret } from "./secretKeys";

const NAMESPACE = "edge-lab:";

/** A map of keys without their namespace. */
export type ConfigMap = Record<string, unknown>;

function isMap(value: unknown): value is ConfigMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseYaml(text: string, file: string): ConfigMap {
  const fail = (key: string, value: unknown, rule: string, fix: string): never => {
    throw new ConfigError(file, [{ key, value, rule, fix, file }]);
  };
  let value: unknown;
  try {
    // Warnings would quote the file, including any secret in it.
    value = parse(text, { logLevel: "error" });
    JSON.stringify(value); // throws on an alias that refers to its own parent
  } catch (e) {
    const line = e instanceof YAMLParseError ? e.linePos?.[0].line : undefined;
    // The text after a colon quotes the file.
    const what = e instanceof Error ? (e.message.split("\n")[0] ?? "").replace(/:( .*)?$/, "") : "";
    fail(
      line === undefined ? "(document)" : `(line ${line})`,
      undefined,
      `is YAML: ${what}`,
      "correct that line",
    );
  }
  if (value === null || value === undefined) return {};
  return isMap(value)
    ? value
    : fail("(document)", value, "is a map of keys", "write config: and the keys below it");
}

/** The keys that Pulumi itself writes into a stack file. */
const PULUMI_KEYS = ["config", "environment", "secretsprovider", "encryptionsalt", "encryptedkey"];

function committedSecret(secret: FoundSecret): Problem {
  return {
    key: secret.path,
    value: "(a secret)",
    hidden: true,
    rule: "holds no secret in the committed stack file",
    fix: `remove it there and run: ${setSecret({ ...secret, inText: false })} (it asks for the value)`,
  };
}

/**
 * A secret that `pulumi config set` stored in clear text.
 * @param path the key without its namespace
 */
export function plainSecret(secret: FoundSecret): Problem {
  return {
    key: secret.path,
    value: "(a secret)",
    hidden: true,
    rule: "is stored encrypted: it is a secret",
    fix: `run: ${setSecret(secret)} (it asks for the value)`,
  };
}

/**
 * The keys of the namespace in the committed stack file, `Pulumi.<stack>.yaml`, which only the program reads: a secret,
 * or any key that is not the lab's, is a mistake.
 * @throws ConfigError that lists every mistake in the file itself
 */
export function parseStackFile(text: string, file: string): ConfigMap {
  const { keys, problems } = readStackFile(text, file);
  if (problems.length > 0) throw new ConfigError(file, problems);
  return keys;
}

/** What of a stack file can be read, for rules that look at the rest of the keys as well: see parseStackFile. */
export function readableKeys(text: string, file: string): ConfigMap {
  return readStackFile(text, file).keys;
}

/**
 * The plain values in the file that `pulumi config set` writes. Without keys that hold a secret, and without the keys
 * that may hold one: what is returned here leaves this machine where the lab is on another.
 * @throws ConfigError that lists every secret in clear text
 */
export function parseStoredConfig(text: string, file: string, stack: string): ConfigMap {
  const block = parseYaml(text, file)["config"] ?? {};
  const keys: ConfigMap = {};
  const problems: Problem[] = [];
  for (const [key, value] of Object.entries(isMap(block) ? block : {})) {
    if (!key.startsWith(NAMESPACE)) continue;
    const name = key.slice(NAMESPACE.length);
    const secrets = secretsIn(value, name);
    problems.push(...secrets.filter((s) => !s.encrypted).map(plainSecret));
    const [area = ""] = name.split(/[.[]/);
    if (secrets.length === 0 && !SECRET_AREAS.includes(area)) keys[name] = value;
  }
  if (problems.length > 0) throw new ConfigError(`Pulumi.${stack}.yaml`, problems);
  return keys;
}

function readStackFile(text: string, file: string): { keys: ConfigMap; problems: Problem[] } {
  const document = parseYaml(text, file);
  const problems: Problem[] = Object.keys(document)
    .filter((key) => !PULUMI_KEYS.includes(key))
    .map((key) => {
      const rule = `is one of ${PULUMI_KEYS.join(", ")}`;
      const fix = "the lab's keys stand below config:";
      return { key, value: document[key], hidden: true, rule, fix, file };
    });
  const block = document["config"] ?? {};
  if (!isMap(block)) {
    const fix = "write config: and the keys below it";
    problems.push({ key: "config", value: block, hidden: true, rule: "is a map of keys", fix, file });
  }
  const keys: ConfigMap = {};
  for (const [key, value] of Object.entries(isMap(block) ? block : {})) {
    if (key.startsWith(NAMESPACE)) {
      const name = key.slice(NAMESPACE.length);
      const secrets = secretsIn(value, name);
      problems.push(...secrets.map(committedSecret));
      if (secrets.length === 0) keys[name] = value;
    } else {
      const rule = `is in the namespace ${NAMESPACE}`;
      const fix = `write ${NAMESPACE}${key.split(":").pop() ?? ""}, or run pulumi config set for what is another's`;
      problems.push({ key, value, hidden: true, rule, fix, file });
    }
  }
  return { keys, problems };
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

/**
 * A number too large to hold exactly, such as an organization's, stays the text as written.
 * (The reviver's third argument is V8's, and not in TypeScript's types yet.)
 */
function exactNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  const { source } = context ?? {};
  return typeof value === "number" &&
    source !== undefined &&
    /^-?\d+$/.test(source) &&
    !Number.isSafeInteger(value)
    ? source
    : value;
}

/** The engine's configuration: strings; those that are JSON objects or arrays are parsed. */
export function parseEngineConfig(all: Record<string, string>): ConfigMap {
  const keys: ConfigMap = {};
  for (const [key, text] of Object.entries(all)) {
    if (!key.startsWith(NAMESPACE)) continue;
    const structured = /^\s*[[{]/.test(text);
    try {
      keys[key.slice(NAMESPACE.length)] = structured ? (JSON.parse(text, exactNumber) as unknown) : text;
    } catch {
      keys[key.slice(NAMESPACE.length)] = text; // not JSON after all: validation reports it
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
 * Merges the sources in order: project defaults, the committed stack file, then `pulumi config set` and `--config`.
 * The engine includes the project's defaults in its configuration, so a value that equals the default does not count
 * as given.
 */
export function mergeSources(defaults: ConfigMap, stackFile: ConfigMap, engine: ConfigMap): ConfigMap {
  const given = Object.fromEntries(
    Object.entries(engine).filter(
      ([key, value]) => !(key in defaults && isDeepStrictEqual(value, defaults[key])),
    ),
  );
  return merge(merge(defaults, stackFile), given) as ConfigMap;
}
