import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { parse, stringify } from "yaml";

/** One mistake in a message: key and value as printed, rule and fix whole or in part. */
export interface Said {
  readonly key: string;
  readonly value: string;
  readonly rule: string;
  readonly fix: string;
}

/** A configuration that must be rejected; badConfigs.yaml documents each key. */
export interface BadConfig {
  readonly name: string;
  readonly config?: Record<string, unknown>;
  readonly text?: string;
  readonly files?: Record<string, string>;
  readonly secret?: string;
  readonly says: readonly Said[];
}

/** Every configuration that must be rejected. */
export const badConfigs = parse(readFileSync(join(__dirname, "badConfigs.yaml"), "utf8")) as BadConfig[];

/** Writes the files of a bad configuration into a project folder. */
export function writeBadConfig(root: string, bad: BadConfig): void {
  const keys = Object.entries(bad.config ?? {}).map(([key, value]): [string, unknown] => [
    `edge-lab:${key}`,
    value,
  ]);
  const config: Record<string, unknown> = Object.fromEntries(keys);
  const files = { "Pulumi.dev.yaml": bad.text ?? stringify({ config }), ...bad.files };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** The mistakes in a text, in order, without what Pulumi prints around them. */
function mistakesIn(text: string): Said[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.flatMap((line, i) => {
    const [, rule] = /^rule: (.+)$/.exec(line) ?? [];
    const [, fix] = /^fix: +(.+)$/.exec(lines[i + 1] ?? "") ?? [];
    const [key = "", ...value] = (lines[i - 1] ?? "").split(" = ");
    return rule !== undefined && fix !== undefined ? [{ key, value: value.join(" = "), rule, fix }] : [];
  });
}

/** Checks that a text is the single message about a bad configuration: each mistake once, no secret, no stack trace. */
export function assertRefused(text: string, bad: BadConfig): void {
  const found = mistakesIn(text);
  const said = (all: readonly Said[]): string[] => all.map((m) => `${m.key} = ${m.value}`);
  assert.deepEqual(said(found), said(bad.says), text);
  found.forEach((mistake, i) => {
    for (const part of ["rule", "fix"] as const) {
      const expected = bad.says[i]?.[part] ?? "";
      assert.ok(mistake[part].includes(expected), `${part}: "${mistake[part]}" lacks "${expected}"`);
    }
  });
  const counted = `: ${found.length} bad ${found.length === 1 ? "key" : "keys"}; nothing was changed`;
  assert.equal(text.split(counted).length, 2, `not once "${counted}" in:\n${text}`);
  if (bad.secret !== undefined) assert.ok(!text.includes(bad.secret), `a secret is shown:\n${text}`);
  assert.doesNotMatch(text, /^\s*at .+:\d+:\d+/m);
}
