/** How messages show a value that somebody wrote into a configuration or a blueprint. */
import { SECRET_AREAS } from "./secretKeys";

/** Stands in messages for a value that may be a secret. */
export const NOT_SHOWN = "(not shown: may be secret)";

/** Names of secrets, and misspellings of such names. */
const SECRET_NAMES = /pass|pasw|pwd|secret|token|credential|activation|private/i;
/** Keys of keys: where a public key belongs, somebody pastes the private one. */
const KEYS_OF_KEYS = /(^|\.)((hostKeys|authorizedKeys)\b.*|(ssh)?key(\[\d+\])*)$/i;
const AREAS = new RegExp(`^(${SECRET_AREAS.join("|")})\\b`);
/** What a secret looks like, whatever key it stands in: PEM, a private key's base64, age, a crypt(3) hash. */
const LOOKS_SECRET = /-----BEGIN|b3BlbnNzaC1rZXkt|MII[A-Za-z0-9+/]{20}|AGE-SECRET-KEY|^\$[0-9a-z]{1,3}\$/;

const LONGEST = 120;

/** True if a key's value is never shown. */
function isSecretKey(key: string): boolean {
  return SECRET_NAMES.test(key) || KEYS_OF_KEYS.test(key) || AREAS.test(key);
}

/** The value with what may be secret in it left out: all that stands below a key. */
function withoutValues(value: unknown, belowKey = false): unknown {
  if (Array.isArray(value)) return value.map((v) => withoutValues(v, belowKey));
  if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, withoutValues(v, true)]));
  }
  if (belowKey) return "(not shown)";
  return typeof value === "bigint" ? String(value) : value;
}

/** True for a text of several lines, or one that looks like a secret. */
const looksSecret = (text: string): boolean => /[\n\r]/.test(text) || LOOKS_SECRET.test(text);

/**
 * A value as a message shows it after its key, at most 120 characters. Shown are numbers, texts of one line, and lists
 * of them. A map shows its keys only: it stands where it does not belong, so nobody knows what is in it.
 * @param key without its namespace
 */
export function shownValue(key: string, value: unknown): string {
  if (isSecretKey(key) || [value].flat(Infinity).some((v) => typeof v === "string" && looksSecret(v))) {
    return NOT_SHOWN;
  }
  const text = JSON.stringify(withoutValues(value));
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
}
