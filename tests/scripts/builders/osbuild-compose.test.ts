import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

import type { Outcome } from "../../support/hostScripts";
import { answer, blueprintText, failure, push, withEveryClient } from "../../support/osbuild/builder";

const REF = "rhel/9/x86_64/edge";
const PACKAGES = [
  "bash-5.1.8-9.el9.x86_64",
  "kernel-5.14.0-570.el9.x86_64",
  "iptables-nft-1.8.10-4.el9_4.x86_64",
];
const MORE = [...PACKAGES.slice(0, 2), "iptables-nft-1.8.10-5.el9_4.x86_64", "strace-5.18-2.el9.x86_64"];

withEveryClient("osbuild builder: composes", (host) => {
  const compose = (change: object = {}, env: Record<string, string> = {}): Promise<Outcome> =>
    host().verb(
      "compose",
      {
        version: "0.0.1",
        ref: REF,
        parent: null,
        blueprint: blueprintText("0.0.1"),
        inputHash: "h1",
        ...change,
      },
      env,
    );
  /** Composes and exports the first release, as commit.sh does. */
  const first = async (): Promise<string> => {
    const { tar, commit } = host().image(PACKAGES);
    host().weldr.next = { states: ["WAITING", "RUNNING", "FINISHED"], image: tar };
    answer(await push(host()));
    assert.equal(answer(await compose())["commit"], commit);
    answer(
      await host().verb("export", {
        version: "0.0.1",
        commit,
        parent: null,
        repo: join(host().state, "repo"),
      }),
    );
    return commit;
  };
  const noCompose = (): void => {
    assert.deepEqual(host().files("releases"), []);
    assert.deepEqual(host().files("build/composes"), []);
    assert.deepEqual(host().weldr.kept(), []);
  };

  describe("compose", () => {
    it("starts, follows, fetches and records the first release", async () => {
      const { tar, commit } = host().image(PACKAGES);
      host().weldr.next = { states: ["WAITING", "RUNNING", "RUNNING", "FINISHED"], image: tar };
      answer(await push(host()));
      const outcome = await compose();
      const { seconds, timings, ...record } = answer(outcome);
      assert.deepEqual(record, {
        version: "0.0.1",
        commit,
        parent: null,
        ref: REF,
        packageCount: 3,
        added: [],
        removed: [],
        changed: [],
        sizeBytes: PACKAGES.join("\n").length + 1,
      });
      assert.equal(typeof seconds, "number");
      assert.deepEqual(Object.keys(timings as object), ["build", "fetch", "import", "sign"]);
      for (const state of ["WAITING", "RUNNING", "FINISHED"]) {
        assert.match(
          outcome.stderr,
          new RegExp(`compose: release 0\\.0\\.1: edge-commit [0-9a-f]+ is ${state} after \\d+ s`),
        );
      }
      assert.deepEqual(host().weldr.started(), [
        {
          blueprint_name: "RFE",
          compose_type: "edge-commit",
          branch: "master",
          size: 0,
          ostree: { ref: REF, parent: "", url: "" },
        },
      ]);
      assert.deepEqual(host().weldr.kept(), [], "the image builder's copy takes space");
      assert.deepEqual(
        host()
          .files("build")
          .filter((f) => f.startsWith("work")),
        [],
      );
    });

    it("signs what the image builder made; the same image again too", async () => {
      const { tar, commit } = host().image(PACKAGES);
      answer(await push(host()));
      for (const inputHash of ["h1", "h2"]) {
        host().weldr.next = { states: ["FINISHED"], image: tar };
        assert.equal(answer(await compose({ inputHash }))["commit"], commit);
      }
      const served = join(host().state, "repo");
      answer(await host().verb("export", { version: "0.0.1", commit, parent: null, repo: served }));
      const repo = join(host().path, "client");
      const key = join(host().state, "signing/public.gpg");
      const url = `file://${encodeURI(served)}`;
      for (const args of [
        ["init", "--mode=bare-user", `--repo=${repo}`],
        ["remote", "add", `--repo=${repo}`, `--gpg-import=${key}`, "edge", url],
        ["pull", `--repo=${repo}`, "edge", commit],
      ]) {
        const { status, stderr } = spawnSync("ostree", args, { encoding: "utf8" });
        assert.equal(status, 0, stderr);
      }
    });

    it("does not compose the same inputs again, and others it does", async () => {
      await first();
      assert.match((await compose()).stderr, /unchanged/);
      assert.equal(host().weldr.started().length, 1);
      host().weldr.next = { states: ["FINISHED"], image: host().image(MORE).tar };
      answer(await compose({ inputHash: "h2" }));
      assert.equal(host().weldr.started().length, 2);
    });

    it("composes a later release on its parent, and says what changed", async () => {
      const parent = await first();
      const { tar, commit } = host().image(MORE, { parent });
      host().weldr.next = { states: ["FINISHED"], image: tar };
      answer(await push(host(), blueprintText("0.0.2", ["strace"])));
      const record = answer(
        await compose({
          version: "0.0.2",
          parent: { version: "0.0.1", commit: parent },
          contentUrl: "http://192.0.2.1:8000",
          inputHash: "h2",
        }),
      );
      assert.deepEqual(host().weldr.started()[1]?.["ostree"], {
        ref: REF,
        parent,
        url: "http://192.0.2.1:8000/repo/",
      });
      assert.equal(record["commit"], commit);
      assert.equal(record["parent"], parent);
      assert.deepEqual(record["added"], [{ name: "strace", version: "5.18-2.el9" }]);
      assert.deepEqual(record["removed"], []);
      assert.deepEqual(record["changed"], [
        { name: "iptables-nft", from: "1.8.10-4.el9_4", to: "1.8.10-5.el9_4" },
      ]);
      const exported = answer(
        await host().verb("export", { version: "0.0.2", commit, parent, repo: join(host().state, "repo") }),
      );
      assert.equal(exported["commit"], commit);
      assert.ok((exported["delta"] as { bytes: number }).bytes > 0);
      const refs = spawnSync("ostree", ["refs", `--repo=${join(host().state, "repo")}`], {
        encoding: "utf8",
      });
      assert.deepEqual(refs.stdout.trim().split("\n").sort(), ["release/0.0.1", "release/0.0.2"]);
      const listed = answer(await host().verb("packages", { version: "0.0.2" }))["packages"] as {
        name: string;
      }[];
      assert.deepEqual(
        listed.map((p) => p.name),
        ["bash", "kernel", "iptables-nft", "strace"],
      );
    });

    it("takes RHEL 8's and Fedora's names of the image type", async () => {
      for (const type of ["rhel-edge-commit", "iot-commit", "fedora-iot-commit"]) {
        host().weldr.types = ["qcow2", type];
        host().weldr.next = { states: ["FINISHED"], image: host().image(PACKAGES).tar };
        answer(await push(host()));
        answer(await compose({ inputHash: type }));
        assert.equal(host().weldr.started().at(-1)?.["compose_type"], type);
      }
    });

    it("without such a type says which there are, and starts nothing", async () => {
      host().weldr.types = ["ami", "qcow2"];
      answer(await push(host()));
      assert.match(failure(await compose()), /none of edge-commit .* is among ami qcow2/);
      noCompose();
    });

    it("that FAILED shows the end of its log, and is removed", async () => {
      const log = "Pipeline os\nStage org.osbuild.rpm\nerror: package kernel is broken\n";
      host().weldr.next = { states: ["RUNNING", "FAILED"], log };
      answer(await push(host()));
      assert.match(
        failure(await compose()),
        /compose [0-9a-f-]{36} of 0\.0\.1 FAILED.*package kernel is broken/s,
      );
      noCompose();
    });

    it("is refused with the image builder's words where it does not know the blueprint", async () => {
      assert.match(failure(await compose()), /UnknownBlueprint: Unknown blueprint name: RFE/);
      noCompose();
    });

    it("asks for space before it starts anything", async () => {
      answer(await push(host()));
      host().program(
        "df",
        `echo Avail; case "\${*: -1}" in /var/*) echo 1048576 ;; *) echo 99999999 ;; esac`,
      );
      const error = failure(await compose());
      assert.match(
        error,
        /osbuild-worker has 1 GiB free and needs 6.*osbuild-composer has 1 GiB free and needs 3/,
      );
      assert.equal(host().weldr.started().length, 0);
    });

    it("goes on with a compose that a killed run left, and not with one of other inputs", async () => {
      const { tar, commit } = host().image(PACKAGES);
      host().weldr.next = { states: ["RUNNING", "RUNNING", "FINISHED"], image: tar };
      answer(await push(host()));
      // The run ends in the middle: the image builder is unavailable for longer than the run waits.
      host().weldr.dropInfo = 1000;
      assert.match(failure(await compose({}, { EDGE_COMPOSE_AWAY: "0" })), /has not answered for/);
      host().weldr.dropInfo = 0;
      assert.equal(answer(await compose())["commit"], commit);
      assert.equal(host().weldr.started().length, 1);
      assert.deepEqual(host().weldr.kept(), []);
    });

    it("bears an image builder that restarts", async () => {
      host().weldr.next = { states: ["RUNNING", "FINISHED"], image: host().image(PACKAGES).tar };
      answer(await push(host()));
      host().weldr.dropInfo = 3;
      answer(await compose());
      assert.equal(host().weldr.started().length, 1);
    });

    it("ends at once where the image builder is not there", async () => {
      answer(await push(host()));
      await host().weldr.stop();
      const error = failure(await compose());
      assert.match(
        error,
        /the image builder does not answer: .*; fix: systemctl start osbuild-composer\.socket/s,
      );
      noCompose();
    });

    for (const [what, composeJson, message] of [
      [
        "another ref",
        { ref: "other", "ostree-commit": "a".repeat(64) },
        /says ref other, asked for was rhel/,
      ],
      ["no commit", { ref: REF }, /names no commit/],
    ] as const) {
      it(`refuses an image whose compose.json has ${what}`, async () => {
        host().weldr.next = { states: ["FINISHED"], image: host().image(PACKAGES, { composeJson }).tar };
        answer(await push(host()));
        const { status, stderr } = await compose();
        assert.equal(status, 1);
        assert.match(stderr, message);
        assert.deepEqual(host().files("releases"), []);
      });
    }

    it("refuses a commit with another parent than asked for", async () => {
      host().weldr.next = {
        states: ["FINISHED"],
        image: host().image(PACKAGES, { parent: "b".repeat(64) }).tar,
      };
      answer(await push(host()));
      assert.match((await compose()).stderr, /has the parent 'b+', asked for was 'none'/);
      assert.deepEqual(host().files("releases"), []);
    });
  });
});
