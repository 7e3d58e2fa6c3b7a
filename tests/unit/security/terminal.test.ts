import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";

import { doctor } from "../../../cli/verbs/doctor";
import { lock } from "../../../cli/verbs/lock";
import { logs } from "../../../cli/verbs/logs";
import { retry } from "../../../cli/verbs/retry";
import { openConsole } from "../../../cli/verbs/shell";
import { status } from "../../../cli/verbs/status";
import { allSummary, summary } from "../../../cli/scenarioSummary";
import { DepotError } from "../../../client/depotClient";
import { LabError } from "../../../client/labError";
import { ConfigError } from "../../../lib/configErrors";
import { driftMarks } from "../../../lib/drift";
import { EMPTY_STATE } from "../../../lib/stackState";
import { collectEvidence } from "../../../operations/rollout/evidence";
import { describe as inOneLine, judge } from "../../../operations/rollout/verdict";
import { reportSchema } from "../../../protocol/report";
import { isLine, oneLine, printable } from "../../../protocol/text";
import { LabProject } from "../../support/labProject";

/** What a terminal acts on, or a reader does not see: all but tab and newline. */
const FORBIDDEN =
  /[^\P{Cc}\t\n]|[\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/u;
/** Colours by nesting, C1, a bell, a title, a link, a cursor that goes back, marks of direction. */
const EVIL =
  "a\u001b\u001b[31m[31mb\u009b2Jc\u0007d\u001b]0;owned\u0007e\u001b]8;;http://x\u001b\\f\rg\u202eh\u2066i\u200bj\u007fk\u0090l";
/** The same in few characters, with a line that the lab seems to say. */
const FORGED = "a\u001b[3m\u009b\u0007\u202e\r\nlab: healthy";

/** Pieces that make a sequence when what stands between them is removed. */
const pieces = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "\u001b",
        "[",
        "]",
        "31m",
        "0;",
        "\u0007",
        "\\",
        "\u009b",
        "\u009d",
        "\u0090",
        "\u202e",
      ),
      fc.constantFrom(
        "\r",
        "\n",
        "\t",
        "\ud83d",
        "\ude42",
        "\u200d",
        "(",
        "B",
        "c",
        "?25l",
        "\u0000",
        "x",
        " ",
      ),
      fc.string({ unit: "binary", maxLength: 3 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

describe("the one function that cleans foreign text", () => {
  it("leaves nothing that a terminal acts on, whatever is nested", () => {
    fc.assert(
      fc.property(pieces, (text) => assert.doesNotMatch(printable(text), FORBIDDEN)),
      {
        numRuns: 2000,
      },
    );
  });

  it("changes nothing the second time, on one line too", () => {
    fc.assert(
      fc.property(pieces, (text) => {
        assert.equal(printable(printable(text)), printable(text));
        assert.equal(oneLine(oneLine(text)), oneLine(text));
        assert.ok(isLine(oneLine(text)), JSON.stringify(oneLine(text)));
      }),
      { numRuns: 2000 },
    );
  });

  it("leaves a JSON document what it is", () => {
    fc.assert(
      fc.property(fc.dictionary(pieces, pieces), (value) => {
        const shown = printable(JSON.stringify(value, null, 2));
        assert.doesNotMatch(shown, FORBIDDEN);
        assert.equal(typeof JSON.parse(shown), "object");
      }),
    );
  });

  it("leaves other scripts, emoji and their joiners alone", () => {
    for (const text of ["Žluťoučký", "עברית", "नमस्ते", "می‌خواهم", "👩‍💻", "🏳️‍🌈", "\t雪\n"])
      assert.equal(printable(text), text);
  });

  it("is the only way to a terminal: nothing else writes there", () => {
    const sources = ["cli", "client", "operations", "scenarios"].flatMap((room) =>
      readdirSync(room, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(room, name)),
    );
    assert.ok(sources.length > 80);
    const writing = sources.filter((path) =>
      /process\.(stdout|stderr)\.write|pipe\(process\.|console\.\w+\(|\/dev\/tty/.test(
        readFileSync(path, "utf8"),
      ),
    );
    assert.deepEqual(writing, ["client/terminal.ts"]);
  });
});

const commit = "b".repeat(64);
/** As a device sends it: each text that it may choose is evil. */
const sent = {
  device: "edge-device-1",
  bootId: FORGED,
  event: FORGED,
  health: "red",
  booted: { commit: "a".repeat(64), version: FORGED },
  staged: { commit, version: FORGED },
  rollback: { commit, version: FORGED },
  vip: true,
  app: `failed: ${FORGED}`,
  failed: [{ commit, version: FORGED, cause: FORGED, check: FORGED, output: FORGED, time: FORGED }],
  updateError: { commit, output: FORGED, attempts: 3 },
  problems: [FORGED],
  peers: [FORGED],
};
const report = reportSchema.parse(sent);
const device = {
  name: "edge-device-1",
  role: "primary",
  address: "192.168.76.11",
  receivedAt: new Date().toISOString(),
  ageSeconds: 0,
  report,
};

describe("what a device or a client says reaches a terminal clean", () => {
  let lab: LabProject;
  beforeEach(async () => {
    lab = new LabProject();
    lab.put("host/applied", "");
    lab.put("applied", "");
    const rollout = { id: "r", targetCommit: commit, startedAt: FORGED, from: commit };
    await lab.serveDepot({
      // Not cleaned: an older depot, or its state from before.
      "/v1/devices": [{ ...device, role: EVIL, report: sent }],
      "/v1/clients": [],
      "/v1/rollout": { ...rollout, state: "withdrawn", version: FORGED, fromVersion: FORGED },
      "/v1/lock": {
        holders: [{ id: FORGED, device: FORGED, since: FORGED, group: FORGED }],
        halted: [{ commit, device: FORGED, check: FORGED, output: FORGED, since: FORGED }],
        withdrawn: { ...rollout, version: FORGED, fromVersion: FORGED },
      },
    });
  });
  afterEach(() => lab.remove());

  /** Nothing to act on, and no line that the device wrote. */
  const clean = (text: string): void => {
    assert.doesNotMatch(text, FORBIDDEN, JSON.stringify(text));
    assert.doesNotMatch(text, /^lab: healthy/m, text);
  };

  it("in status", async () => {
    const { out } = await lab.run(() => status({ json: false }));
    assert.ok(out.includes("lab: healthy"), out);
    clean(out);
    assert.equal(out.trimEnd().split("\n").length, 5, out);
  });

  it("in status as JSON, which stays one document", async () => {
    const { out } = await lab.run(() => status({ json: true }));
    clean(out);
    assert.doesNotMatch(out, /\\u00[01]|\\n/);
    assert.equal((JSON.parse(out) as { devices: unknown[] }).devices.length, 1);
  });

  it("in lock", async () => {
    const { out } = await lab.run(() => lock({ release: false }));
    clean(out);
    assert.equal(out.trimEnd().split("\n").length, 3, out);
  });

  it("in doctor", async () => {
    lab.standIn("virsh", `echo 'Running hypervisor: ${EVIL.replaceAll("\r", "")}'`);
    const { out } = await lab.run(doctor);
    clean(out);
  });

  it("in logs", async () => {
    lab.put("log/depot-web.log", `GET /${EVIL} "http://${EVIL}"\n${EVIL}\n`);
    const { out } = await lab.run(() => logs("depot-web"));
    assert.doesNotMatch(out, FORBIDDEN, JSON.stringify(out));
    assert.match(out, /^GET \/a/);
  });

  it("in the names of logs, and the error about one", async () => {
    lab.put(`log/${EVIL.replaceAll("/", "").replaceAll("\0", "")}.log`, "");
    assert.doesNotMatch((await lab.run(() => logs(undefined))).out, FORBIDDEN);
    const error: unknown = await lab.run(() => logs(EVIL)).catch((e: unknown) => e);
    assert.ok(error instanceof LabError);
    assert.doesNotMatch(error.message, FORBIDDEN);
  });

  it("in the log of a console, in bytes that are no text too", async () => {
    lab.put("console/edge-device-1.log", `${EVIL}\n\u001b[31m\u001b\u001b[[2J\n`);
    const { out } = await lab.run(() => openConsole("edge-device-1", true));
    assert.doesNotMatch(out, FORBIDDEN, JSON.stringify(out));
  });

  it("in an error of ssh", async () => {
    lab.standIn("ssh", `printf '%s' '${EVIL}' >&2; exit 1`);
    const error: unknown = await lab
      .run(() => retry("edge-device-1", { all: false }))
      .catch((e: unknown) => e);
    assert.ok(error instanceof LabError);
    assert.doesNotMatch(error.message, FORBIDDEN);
  });

  it("in a rollout's progress, verdict, error and evidence", async () => {
    lab.standIn("ssh", `printf '%s' '${FORGED}'`);
    lab.put("console/edge-device-1.log", `${FORGED}\n`);
    clean(inOneLine([device], [device.name]));
    const verdict = judge([device], [device.name], { commit, gateOpen: false });
    assert.ok(verdict.kind === "failed");
    clean(verdict.what);
    // Without a check's name it is the device's own words, of as many lines as it likes.
    for (const failure of [
      { failed: [{ commit, cause: "panic", check: "none", output: FORGED }] },
      { failed: [{ commit, cause: "finalize", output: FORGED, attempts: 3 }] },
      { failed: [], updateError: { commit, output: FORGED, attempts: 3 } },
    ]) {
      const other = { ...device, report: { ...report, ...failure } };
      const said = judge([other], [device.name], { commit, gateOpen: false });
      assert.ok(said.kind === "failed" && said.what.includes("lab: healthy"));
      clean(said.what);
    }
    const what = verdict.what;
    const message = await collectEvidence(lab.stateDir, { device, commit, version: "0.0.2", what });
    clean(new LabError(message).message);
    const [bundle = ""] = readdirSync(join(lab.stateDir, "evidence"));
    for (const name of ["console.log", "report.json", "journal.txt"]) {
      const text = readFileSync(join(lab.stateDir, "evidence", bundle, name), "utf8");
      assert.doesNotMatch(text, FORBIDDEN, name);
    }
  });

  it("in a scenario's result", () => {
    const figures = { [FORGED]: FORGED, list: [FORGED] };
    clean(summary("x", { ok: true, seconds: 1, figures }));
    const result = { scenario: "x", outcome: "broken" as const, reason: FORGED, seconds: 1, figures };
    clean(allSummary({ ok: false, seconds: 1, seed: 1, results: [result] }));
  });
});

describe("what Pulumi prints for the program", () => {
  it("is clean in errors", () => {
    const problem = { key: EVIL, value: EVIL, rule: EVIL, fix: EVIL, file: EVIL };
    for (const error of [new ConfigError(EVIL, [problem]), new LabError(EVIL), new DepotError(EVIL)]) {
      assert.doesNotMatch(error.message, FORBIDDEN);
      assert.doesNotMatch(error.stack ?? "", FORBIDDEN);
    }
  });

  it("is clean and on one line in the findings of drift", () => {
    const commands = new Map([
      ["app-image", { name: "app-image", create: "", environment: {}, stdin: "", stdout: "" }],
    ]);
    const marks = driftMarks({ ...EMPTY_STATE, commands }, new Map([["app-image", [FORGED, EVIL]]]));
    assert.ok(isLine(marks.get("app-image") ?? "\n"), marks.get("app-image"));
  });
});
