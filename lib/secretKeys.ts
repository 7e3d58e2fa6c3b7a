/** Which keys of the configuration are secrets, and whether a stored value holds one in clear text. */

/** The keys whose values are secrets: Pulumi stores them encrypted, and only the program reads them. */
export const SECRET_KEYS = ["coreUser.password", "subscription.password", "subscription.activationKey"];

/** The top-level keys that hold secrets. Outside of the program nothing needs any of their values. */
export const SECRET_AREAS = [...new Set(SECRET_KEYS.map((key) => key.slice(0, key.indexOf("."))))];

/** The last parts of the secrets' names: such a name is a secret wherever it stands. */
const SECRET_NAMES = new Set(SECRET_KEYS.map((key) => key.slice(key.indexOf(".") + 1)));

/** A secret in a value, and how it stands there. */
export interface FoundSecret {
  /** The key without its namespace, e.g. `coreUser.password`. */
  readonly path: string;
  /** By Pulumi. */
  readonly encrypted: boolean;
  /** Inside a map or a list that was stored as one JSON text. */
  readonly inText: boolean;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEncrypted(value: unknown): boolean {
  return isMap(value) && Object.keys(value).length === 1 && typeof value["secure"] === "string";
}

/** A text that is JSON as what it means, however often it was quoted; any other value as it is. */
function unfolded(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{"]/.test(value)) return value;
  try {
    return unfolded(JSON.parse(value));
  } catch {
    return value;
  }
}

/**
 * The secrets in a key's value, those that Pulumi has encrypted and those in clear text. `pulumi config set` stores a
 * map that was typed as JSON as one text, so texts are parsed first.
 * @param path the key without its namespace
 */
export function secretsIn(value: unknown, path: string, inText = false): FoundSecret[] {
  if (isEncrypted(value)) return [{ path, encrypted: true, inText }];
  const name = path.slice(path.lastIndexOf(".") + 1);
  if (name !== path && SECRET_NAMES.has(name)) return [{ path, encrypted: false, inText }];
  const content = unfolded(value);
  const within = inText || content !== value;
  if (Array.isArray(content)) return content.flatMap((v, i) => secretsIn(v, `${path}[${i}]`, within));
  if (!isMap(content)) return [];
  return Object.entries(content).flatMap(([key, v]) => secretsIn(v, `${path}.${key}`, within));
}

/** The command that stores a secret; it asks for the value, which so stays out of the shell's history. */
export function setSecret({ path, inText }: Pick<FoundSecret, "path" | "inText">): string {
  const [top = ""] = path.split(/[.[]/);
  const words = `pulumi config set --secret${top === path ? "" : " --path"} edge-lab:${path}`;
  // Pulumi sets no part of a text.
  return `${inText ? `pulumi config rm edge-lab:${top} && ` : ""}${words}`;
}
