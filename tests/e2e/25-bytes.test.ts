import assert from "node:assert/strict";
import { join } from "node:path";

import { outputs, type Outputs } from "./support/devices";
import { lab } from "./support/lab";

interface Totals {
  readonly files: number;
  readonly bytes: number;
}

/** What the host itself has fetched as a client of the content server. */
async function fetchedByHost(out: Outputs): Promise<Totals> {
  const gateway = new URL(out.contentUrl).hostname;
  // The web server writes its log within a second.
  await new Promise((next) => setTimeout(next, 1500));
  const answer = await lab.run("curl", ["-fsS", `${out.contentUrl}/v1/clients`]);
  const clients = JSON.parse(answer.stdout) as (Totals & { client: string })[];
  return clients.find((c) => c.client === gateway) ?? { files: 0, bytes: 0 };
}

describe("what 0.0.2 costs a device on 0.0.1", function () {
  this.timeout(300_000);
  const clients = { delta: join(lab.work, "with-delta"), objects: join(lab.work, "without-delta") };
  let out: Outputs;

  /** Runs a command and returns what the content server sent for it. */
  const cost = async (...args: string[]): Promise<Totals> => {
    const before = await fetchedByHost(out);
    const pulled = await lab.run("ostree", args, { seconds: 240 });
    assert.equal(pulled.status, 0, pulled.output);
    const after = await fetchedByHost(out);
    return { files: after.files - before.files, bytes: after.bytes - before.bytes };
  };

  before(async () => {
    out = await outputs();
    const first = out.releases[0]?.commit ?? "";
    for (const repo of Object.values(clients)) {
      const remote = ["remote", "add", `--repo=${repo}`, "--no-gpg-verify", "edge", `${out.contentUrl}/repo`];
      for (const args of [
        ["init", `--repo=${repo}`, "--mode=bare"],
        remote,
        ["pull", `--repo=${repo}`, "edge", first],
      ]) {
        const done = await lab.run("ostree", args, { seconds: 240 });
        assert.equal(done.status, 0, done.output);
      }
    }
  });

  it("is at most twice the package that it adds, with the static delta", async () => {
    const second = out.releases[1]?.commit ?? "";
    const withDelta = await cost("pull", `--repo=${clients.delta}`, "edge", second);
    const withoutDelta = await cost(
      "pull",
      "--disable-static-deltas",
      `--repo=${clients.objects}`,
      "edge",
      second,
    );
    const size = await lab.run("bash", [
      "-c",
      'cd "${EDGE_LAB_CACHE:-$HOME/.cache/edge-lab}/debian/archives" && stat -c %s strace_*.deb | sort -n | tail -n 1',
    ]);
    const debBytes = Number(size.stdout);
    console.log(`      ${JSON.stringify({ withDelta, withoutDelta, debBytes })}`);
    assert.ok(debBytes > 100_000, size.output);
    assert.ok(withDelta.bytes > 0 && withDelta.bytes <= 2 * debBytes, `${withDelta.bytes} bytes`);
    assert.ok(withDelta.files < withoutDelta.files);
    for (const repo of Object.values(clients)) {
      const show = await lab.run("ostree", ["ls", `--repo=${repo}`, second, "/usr/bin/strace"]);
      assert.equal(show.status, 0, show.output);
    }
  });
});
