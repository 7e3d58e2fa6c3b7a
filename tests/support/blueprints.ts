import assert from "node:assert/strict";

import { parseBlueprint } from "../../lib/blueprint";
import type { Builder } from "../../lib/blueprintRefusals";
import type { Blueprint } from "../../lib/blueprintSchema";

export const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFub3RoZXJrZXk me@laptop";
export const HASH = "$6$salt$hash";

/** A blueprint with this text after its name and version. */
export const parse = (text: string, builder: Builder = "debian"): Blueprint =>
  parseBlueprint(`name = "x"\nversion = "1.0.0"\n${text}`, "x.toml", builder);

/** The one message about a blueprint that must be refused. */
export const refusal = (text: string, builder: Builder = "debian"): string => {
  try {
    parse(text, builder);
  } catch (e) {
    return (e as Error).message;
  }
  return assert.fail(`${builder} takes ${text}`);
};

export const BOTH = ["debian", "osbuild"] as const;
