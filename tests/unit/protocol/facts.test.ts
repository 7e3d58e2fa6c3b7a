import assert from "node:assert/strict";

import { DEVICE } from "../../../protocol/paths";
import { CAUSES } from "../../../protocol/report";
import { FILE_NAMES, shippedFiles, strayMentions, unusedExemptions, wrongPlaces } from "./factCheck";
import { FACTS, NOT_THE_FACT } from "./factPlaces";

/** Fails with one line a problem. */
function none(problems: readonly string[]): void {
  if (problems.length > 0) assert.fail(["", ...problems].join("\n"));
}

describe("facts of protocol/", () => {
  const files = shippedFiles();

  for (const fact of FACTS) {
    it(`${fact.name} is the same everywhere`, () => {
      none([...wrongPlaces(fact, files), ...strayMentions(fact, FACTS, NOT_THE_FACT, files)]);
    });
  }

  it("every exemption is needed", () => {
    none(unusedExemptions(NOT_THE_FACT, files));
  });

  it("every program of a device that a file names is there", () => {
    const programs = new RegExp(String.raw`(?<![\w.])${DEVICE.programs}((?:/[\w-][\w.-]*)*)`, "g");
    const names = (files.get(FILE_NAMES) ?? "").split("\n");
    const there = (path: string): boolean =>
      ["assets/guest", "assets/builders/osbuild/guest/root"].some((root) =>
        names.some((name) => name === `${root}${path}` || name.startsWith(`${root}${path}/`)),
      );
    const missing = [...files].flatMap(([file, text]) =>
      [...text.matchAll(programs)].filter(([path]) => !there(path)).map(([path]) => `${file}: ${path}`),
    );
    none(missing);
  });

  it("a unit runs no program of a folder that devices do not have", () => {
    const run = /^Exec\w+=[-+!@:]*(\/usr\/libexec\/[\w-]+)\//gm;
    const folders = [DEVICE.programs, "/usr/libexec/greenboot"];
    const wrong = [...files].flatMap(([file, text]) =>
      [...text.matchAll(run)].filter((m) => !folders.includes(m[1] ?? "")).map((m) => `${file}: ${m[0]}`),
    );
    none(wrong);
  });

  it("a device gives commits up for the causes that the protocol lists, and no other", () => {
    const lib = "assets/guest/usr/libexec/edge/lib";
    const text = ["failed", "boot-end", "attempt"].map((name) => files.get(`${lib}/${name}.sh`)).join("\n");
    const named = [
      ...text.matchAll(/END_CAUSE=(\w+)/g),
      ...text.matchAll(/(?:then|elif \$late then) "(\w+)", /g),
      ...text.matchAll(/failed_put "\$\w+" "\$\w+" (\w+) /g),
    ].map(([, cause]) => cause);
    // Nothing but power cuts is no failure.
    assert.deepEqual([...new Set(named)].filter((cause) => cause !== "power").sort(), [...CAUSES].sort());
  });
});
