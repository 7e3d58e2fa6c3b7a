import { labContext, overrides } from "../client/context";
import { LabError } from "../client/labError";
import { Connection, parcel } from "../client/remote/connection";

/** Local verbs, which work with Pulumi or the caches. All others run on the lab's host. */
const HERE = new Set(["up", "preview", "destroy", "recover", "clean", "bench", "help"]);

/**
 * Runs a verb on a remote lab host, with this terminal, and resolves to its exit status. Undefined if the verb is local
 * or the lab is on this host.
 */
export async function runRemoteVerb(words: readonly string[]): Promise<number | undefined> {
  const [verb = ""] = words;
  if (verb === "" || verb.startsWith("-") || HERE.has(verb) || process.env["EDGE_IS_LAB_HOST"])
    return undefined;
  const ctx = labContext();
  const { remote } = ctx.host;
  if (!remote) return undefined;
  if (verb === "tour") {
    // The tour's stops are npm commands, and there is no npm there.
    throw new LabError(
      "the tour is for a lab on this host; fix: npm run lab -- status, ssh, logs and scenario show the same",
    );
  }
  const own = {
    ...overrides(ctx.root, ctx.stack),
    // Local paths: they may not exist there, and no remote verb needs them.
    "edge-lab:blueprint": "assets/blueprints/RFE.toml",
    "edge-lab:stateDir": ".lab",
  };
  const terminal = process.stdin.isTTY && process.stdout.isTTY;
  // Every user of both hosts can read a command line, and standard input is the verb's own.
  const brings = parcel(JSON.stringify(own));
  return new Connection(remote, ctx.root, ctx.stack).run(
    ["./assets/host/remote-verb.sh", ctx.stack, brings.id, ...words],
    { stdio: "inherit", terminal, brings },
  );
}
