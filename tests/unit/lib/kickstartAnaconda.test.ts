import assert from "node:assert/strict";

import { installSeconds, installState } from "../../../client/console";
import { renderKickstart } from "../../../lib/kickstart";
import { kickstartArgs } from "../../support/kickstart";

describe("for Anaconda", () => {
  const text = renderKickstart(kickstartArgs({}, { installer: "anaconda" }));

  it("waits for no key, and tells the console how it ended, in the words that the lab waits for", () => {
    assert.match(text, /^text --non-interactive$/m);
    const said = [...text.matchAll(/echo "(edge-install: [^\n]*)" > \/dev\/console/g)].map((m) => m[1] ?? "");
    const [end = "", failed = ""] = said.map((line) => line.replace(/\$\(.*\)/, "12.5"));
    assert.deepEqual(installState(end), { kind: "complete" });
    assert.equal(installSeconds(end), 12.5);
    assert.equal(installState(failed).kind, "failed");
    assert.equal(said.length, 2);
  });

  it("says complete last, once everything of the device is in place", () => {
    const post = text.split("%post")[1]?.split("%end")[0]?.trim().split("\n") ?? [];
    assert.match(post.at(-1) ?? "", /complete/);
    assert.match(post.at(-2) ?? "", /^restorecon -R .*\/etc\/edge/);
    assert.equal(post.at(-3), "/usr/libexec/edge/provision");
  });

  it("says nothing of the kind to the installer that says it by itself", () => {
    assert.ok(!/edge-install|restorecon|onerror/.test(renderKickstart(kickstartArgs())));
  });
});
