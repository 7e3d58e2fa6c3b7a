import { labContext, overrides } from "../client/context";
import { LabError } from "../client/labError";
import { Connection } from "../client/remote/connection";

/** Verbs of this side: they work with Pulumi, or with its caches. Every other one asks the lab's host itself. */
const HERE = new Set(["up", "preview", "destroy", "recover", "clean", "bench", "help"]);

/**
 * Runs a verb on the lab's host where that is another one, with this terminal, and resolves to its exit status.
 * Undefined where the verb is for this side, or the lab stands on this host.
 */
export async function runRemoteVerb(words: readonly string[]): Promise<number | undefined> {
  const [verb = ""] = words;
  if (verb === "" || verb.startsWith("-") || HERE.has(verb) || process.env["EDGE_IS_LAB_HOST"]) return undefined;
  const ctx = labContext();
  const { remote } = ctx.host;
  if (!remote) return undefined;
  if (verb === "tour") {
    // Its stops are npm's commands, and there is no npm there.
    throw new LabError(
      "the tour is for a lab on this host; fix: npm run lab -- status, ssh, logs and scenario show the same",
    );
  }
  const own = {
    ...overrides(ctx.root, ctx.stack),
    // About this side: no verb there needs them, and they may name what is not there.
    "edge-lab:blueprint": "assets/blueprints/RFE.toml",
    "edge-lab:stateDir": ".lab",
  };
  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  return new Connection(remote, ctx.root, ctx.stack).run(
    ["./assets/host/remote-verb.sh", ctx.stack, JSON.stringify(own), ...words],
    { stdio: "inherit", terminal },
  );
}
