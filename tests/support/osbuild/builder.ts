import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { parseBlueprint, renderBlueprint } from "../../../lib/blueprint";
import { builderInput } from "../../../lib/builderInput";
import { resolveChain } from "../../../lib/releases";
import type { Outcome } from "../hostScripts";
import { skipBecause } from "../skip";
import { OsbuildHost, realClient, standInClient } from "./osbuildHost";

const document = parseBlueprint(readFileSync("assets/blueprints/RFE.toml", "utf8"), "RFE.toml");
/** The blueprint of a release as the program renders it, with packages added. */
export const blueprintText = (version: string, add: string[] = []): string => {
  const base = document.packages.map((p) => ({ ...p }));
  const release = resolveChain(base, [{ version, addPackages: add, removePackages: [] }])[0];
  assert.ok(release);
  const input = builderInput("osbuild", { blueprint: document, release }, "core");
  return renderBlueprint(input.blueprint, input.release);
};

/** The one JSON line of a verb that must succeed. */
export function answer(outcome: Outcome): Record<string, unknown> {
  assert.equal(outcome.status, 0, outcome.stderr);
  assert.match(outcome.stdout, /^\{.*\}\n$/, outcome.stderr);
  return JSON.parse(outcome.stdout) as Record<string, unknown>;
}

/** The one error of a verb that must fail; it says what to do. */
export function failure(outcome: Outcome): string {
  assert.equal(outcome.status, 1, outcome.stderr);
  assert.equal(outcome.stdout, "");
  const errors = outcome.stderr.split("\n").filter((line) => line.startsWith("error: "));
  assert.equal(errors.length, 1, outcome.stderr);
  assert.match(outcome.stderr, /fix: /);
  return outcome.stderr;
}

/**
 * Tests with a host of the osbuild backend: against the stand-in for composer-cli, and against the real one if this
 * machine has it.
 */
export function withEveryClient(title: string, tests: (host: () => OsbuildHost) => void): void {
  for (const client of [standInClient, realClient()]) {
    describe(`${title} with ${client.name}`, () => {
      const reason =
        process.getuid?.() !== 0
          ? "the builder needs root"
          : client.path === undefined
            ? "this host has no composer-cli: set EDGE_LAB_COMPOSER_CLI to one"
            : undefined;
      if (reason !== undefined) {
        it("does all that the stand-in's tests say", function () {
          skipBecause(this, reason);
        });
        return;
      }
      let host: OsbuildHost;
      beforeEach(async () => {
        host = new OsbuildHost(client);
        await host.start();
      });
      afterEach(() => host.remove());
      tests(() => host);
    });
  }
}

/** Pushes a blueprint. */
export const push = (host: OsbuildHost, blueprint = blueprintText("0.0.1")): Promise<Outcome> =>
  host.verb("push-blueprint", { blueprint });
