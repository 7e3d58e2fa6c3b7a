import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { TempDir } from "../../support/tempProject";
import { heals, type Drifting } from "../support/drift";
import { needs, type Outcome } from "../support/sandbox";

const REF = "debian/trixie/x86_64/edge";

/** Commits a few files, and keeps record and commit like the real compose. */
const COMPOSE = `#!/bin/bash
set -euo pipefail
. assets/builders/debian/lib/common.sh
. assets/builders/debian/lib/record.sh
read_input
version=$(field version) parent=$(jq -r '.parent.commit // ""' <<<"$INPUT") BUILD=$(field stateDir)/build
RECORD=$(field stateDir)/releases/$version.json WORK=$BUILD/work
if ! unchanged hash; then
  mkdir -p "$WORK/tree"
  [[ -d $BUILD/repo ]] || ostree init --repo="$BUILD/repo" --mode=bare
  for n in {1..40}; do echo "$n" >"$WORK/tree/file-$n"; done
  head -c 3000 /dev/urandom >"$WORK/tree/$version"
  ostree commit --repo="$BUILD/repo" --branch="release/$version" --parent="\${parent:-none}" --tree=dir="$WORK/tree" \\
    --subject=test --add-detached-metadata-string=signature=test >/dev/null
  jq -cn --arg version "$version" --arg parent "$parent" \\
    --arg commit "$(ostree rev-parse --repo="$BUILD/repo" "release/$version")" \\
    '{$version, $commit, parent: (if $parent == "" then null else $parent end), inputHash: "hash"}' >"$WORK/record.json"
  keep_record
fi
cat "$RECORD"
`;

describe("drift of releases and of the published ref [slow]", () => {
  const project = new TempDir();
  const stateDir = join(project.path, `it's a "state" dir`);
  const at = (...parts: string[]): string => join(stateDir, ...parts);
  const commits: Record<string, string> = {};
  before(function () {
    needs(this, "ostree", "jq", "flock");
    project.copy("assets/host", "assets/builders", "package.json", "tsconfig.json");
    symlinkSync(join(process.cwd(), "node_modules"), join(project.path, "node_modules"));
    mkdirSync(stateDir);
    const test = join(project.path, "assets/builders/test");
    mkdirSync(test);
    symlinkSync("../debian/export", join(test, "export"));
    writeFileSync(join(test, "compose"), COMPOSE, { mode: 0o755 });
    commits["0.0.1"] = apply("0.0.1");
    commits["0.0.2"] = apply("0.0.2");
    publish().apply();
  });
  after(() => project.remove());

  const run = (script: string, verb: string, env: Record<string, string>, input = ""): Outcome =>
    spawnSync(join(project.path, "assets/host", script), [verb], {
      encoding: "utf8",
      input,
      timeout: 120_000,
      env: {
        PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
        HOME: project.path,
        EDGE_STATE_DIR: stateDir,
        EDGE_BUILDER: "test",
        ...env,
      },
    });
  const good = (outcome: Outcome): string => {
    assert.equal(outcome.status, 0, outcome.stderr);
    return outcome.stdout;
  };
  const request = (version: string): string =>
    JSON.stringify({
      version,
      ref: REF,
      parent: version === "0.0.1" ? null : { version: "0.0.1", commit: commits["0.0.1"] },
    });
  const apply = (version: string): string =>
    (
      JSON.parse(good(run("commit.sh", "apply", { EDGE_VERSION: version }, request(version)))) as {
        commit: string;
      }
    ).commit;
  const release = (version: string): Drifting => ({
    stateDir,
    status: () => run("commit.sh", "status", { EDGE_VERSION: version }),
    apply: () => void apply(version),
  });
  const publish = (): Drifting => {
    const env = { EDGE_REF: REF, EDGE_COMMIT: commits["0.0.1"] ?? "" };
    return {
      stateDir,
      status: () => run("publish.sh", "status", env),
      apply: () => void good(run("publish.sh", "apply", env)),
    };
  };
  const ostree = (...args: string[]): string =>
    execFileSync("ostree", [`--repo=${at("repo")}`, ...args], { encoding: "utf8" }).trim();
  const content = (version: string, pattern: RegExp): string => {
    const lines = readFileSync(at("releases", `${version}.objects`), "utf8").split("\n");
    const path = lines.find((line) => pattern.test(line))?.split(" ")[0];
    assert.ok(path, `${pattern.source} is in the list of ${version}`);
    return at("repo", path);
  };
  const sound = (): void => void ostree("fsck", "--quiet", "--all");

  for (const version of ["0.0.1", "0.0.2"]) {
    describe(version, () => {
      const rows: Record<string, [RegExp, () => void]> = {
        "its record is removed": [/record is gone/, () => rmSync(at("releases", `${version}.json`))],
        "its record is damaged": [
          /record is damaged/,
          () => truncateSync(at("releases", `${version}.json`), 30),
        ],
        "its ref is removed": [/names no commit/, () => ostree("refs", "--delete", `release/${version}`)],
        "its ref is moved": [
          /names \w+, not/,
          () =>
            ostree(
              "refs",
              "--force",
              `--create=release/${version}`,
              commits[version === "0.0.1" ? "0.0.2" : "0.0.1"] ?? "",
            ),
        ],
        "an object is removed": [/^1 of its objects/, () => rmSync(content(version, /\.filez /))],
        "an object is cut off": [/^1 of its objects/, () => truncateSync(content(version, /\.filez /), 5)],
        "a folder's object is removed": [/^1 of its objects/, () => rmSync(content(version, /\.dirtree /))],
        "its commit object is removed": [/^1 of its objects/, () => rmSync(content(version, /\.commit /))],
        "its signature is removed": [/signature/, () => rmSync(content(version, /\.commitmeta /))],
        "its delta is removed": [
          /static delta is gone/,
          () => rmSync(join(content(version, /^deltas/), ".."), { recursive: true }),
        ],
        "a part of its delta is removed": [
          /static delta is gone/,
          () => rmSync(content(version, /^deltas.*\/0 /)),
        ],
        "the summary is removed": [/no summary/, () => rmSync(at("repo/summary"))],
        "its list is removed": [/list of what it put/, () => rmSync(at("releases", `${version}.objects`))],
      };
      for (const [what, [found, breakIt]] of Object.entries(rows)) {
        it(what, () => {
          heals(release(version), found, breakIt);
          sound();
          assert.equal(ostree("rev-parse", `release/${version}`), commits[version], "it is the same commit");
        });
      }
    });
  }

  it("a summary that was made before the last change is named", () => {
    heals(release("0.0.2"), /summary does not name it$/, () => {
      ostree("refs", "--delete", "release/0.0.2");
      ostree("summary", "--update");
      ostree("refs", "--create=release/0.0.2", commits["0.0.2"] ?? "");
    });
  });

  it("objects that no repository has any longer are composed anew", () => {
    const old = commits["0.0.2"];
    heals(release("0.0.2"), /objects/, () => {
      const object = content("0.0.2", /\.filez /);
      rmSync(object);
      rmSync(object.replace("/repo/", "/build/repo/").replace(/z$/, ""));
    });
    commits["0.0.2"] = ostree("rev-parse", "release/0.0.2");
    assert.notEqual(commits["0.0.2"], old);
    sound();
  });

  it("a repository that is gone is made again", () => {
    rmSync(at("repo"), { recursive: true });
    for (const version of ["0.0.1", "0.0.2"]) {
      assert.match(release(version).status().stdout, /the repository is gone/);
    }
    for (const version of ["0.0.1", "0.0.2"]) apply(version);
    publish().apply();
    for (const object of [release("0.0.1"), release("0.0.2"), publish()]) {
      assert.match(object.status().stdout, /"drift":\[\]/);
    }
  });

  describe("the published ref", () => {
    const move = (commit: string): void => {
      ostree("refs", "--force", `--create=${REF}`, commit);
      ostree("summary", "--update");
    };
    const named = (): string => ostree("rev-parse", REF);

    it("may name any release: a rollout moves it", () => {
      for (const version of ["0.0.2", "0.0.1"]) {
        move(commits[version] ?? "");
        assert.match(publish().status().stdout, /"drift":\[\]/);
        publish().apply();
        assert.equal(named(), commits[version]);
      }
    });

    it("is put back to what it named last, by the summary", () => {
      move(commits["0.0.2"] ?? "");
      heals(publish(), /is gone/, () => rmSync(at("repo/refs/heads", REF)));
      assert.equal(named(), commits["0.0.2"]);
    });

    it("is put back to the last rollout's commit where the summary does not say, and to the first release otherwise", () => {
      const remove = (): void => {
        ostree("refs", "--delete", "debian");
        ostree("summary", "--update");
      };
      mkdirSync(at("depot/data"), { recursive: true });
      const rollout = { targetCommit: commits["0.0.2"], version: "0.0.2" };
      writeFileSync(at("depot/data/state.json"), JSON.stringify({ rollout, halts: {} }));
      heals(publish(), /is gone/, remove);
      assert.equal(named(), commits["0.0.2"]);
      writeFileSync(
        at("depot/data/state.json"),
        JSON.stringify({ rollout, halts: { [commits["0.0.2"] ?? ""]: {} } }),
      );
      heals(publish(), /is gone/, remove);
      assert.equal(named(), commits["0.0.1"]);
    });

    it("that names a commit which is not there, or nobody's, is put back", () => {
      heals(publish(), /not in the repository/, () =>
        writeFileSync(at("repo/refs/heads", REF), `${"0".repeat(64)}\n`),
      );
      heals(publish(), /no release of this lab/, () => {
        mkdirSync(at("tree"));
        ostree("commit", "-b", REF, `--tree=dir=${at("tree")}`, "--subject=by hand");
      });
      rmSync(at("tree"), { recursive: true });
      assert.equal(named(), commits["0.0.1"]);
    });

    it("may name a scenario's commit", () => {
      mkdirSync(at("tree"));
      ostree("commit", "-b", "scenario/0.0.2_x", `--tree=dir=${at("tree")}`, "--subject=scenario");
      rmSync(at("tree"), { recursive: true });
      move(ostree("rev-parse", "scenario/0.0.2_x"));
      assert.match(publish().status().stdout, /"drift":\[\]/);
      move(commits["0.0.1"] ?? "");
    });

    it("a summary that does not name it is made anew", () => {
      heals(publish(), /summary does not name/, () =>
        ostree("refs", "--force", `--create=${REF}`, commits["0.0.2"] ?? ""),
      );
      heals(publish(), /summary does not name/, () => renameSync(at("repo/summary"), at("summary")));
      rmSync(at("summary"));
    });
  });
});
