import assert from "node:assert/strict";
import { join } from "node:path";

import type { Outcome } from "../../support/hostScripts";
import { answer, blueprintText, failure, push, withEveryClient } from "../../support/osbuild/builder";

withEveryClient("osbuild builder: blueprints", (host) => {
  it("lists the image types", async () => {
    assert.deepEqual(answer(await host().verb("list-types", {})), { types: host().weldr.types });
  });

  describe("push-blueprint", () => {
    it("hands over the blueprint under its own version, also a second time", async () => {
      for (let i = 0; i < 2; i++)
        assert.deepEqual(answer(await push(host())), { name: "RFE", version: "0.0.1" });
      assert.equal(host().weldr.blueprints.get("RFE")?.version, "0.0.1");
      assert.equal(host().read("blueprints/RFE.toml").trim(), blueprintText("0.0.1").trim());
    });

    it("brings the guest files as a package, from a repository that the image builder reads", async () => {
      answer(await push(host()));
      const source = host().weldr.sources.get("edge-lab");
      assert.equal(source?.["type"], "yum-baseurl");
      const repo = decodeURIComponent(String(source["url"]).replace(/^file:\/\//, ""));
      assert.equal(repo, `${join(host().state, "rpms")}/`);
      const pin = host()
        .weldr.blueprints.get("RFE")
        ?.packages?.find((p) => p.name === "edge-lab-guest")?.version;
      assert.deepEqual(host().files("rpms"), [`edge-lab-guest-${pin ?? ""}.noarch.rpm`, "repodata"]);
    });

    it("keeps packages of other releases, and replaces its own", async () => {
      answer(await push(host()));
      answer(await push(host(), blueprintText("0.0.2")));
      assert.equal(
        host()
          .files("rpms")
          .filter((f) => f.endsWith(".rpm")).length,
        2,
      );
      const changed = blueprintText("0.0.2").replace(/(0\.0\.2-1\.)[0-9a-f]+/, "$1abcdefabcdef");
      answer(await push(host(), changed));
      assert.deepEqual(
        host()
          .files("rpms")
          .filter((f) => f.includes("-0.0.2-")),
        ["edge-lab-guest-0.0.2-1.abcdefabcdef.noarch.rpm"],
      );
    });

    it("waits for the image builder to see a package that was just built, and not for ever", async () => {
      host().weldr.staleLists = 3;
      answer(await push(host()));
      host().weldr.staleLists = 1000;
      const env = { EDGE_COMPOSE_LIST: "1" };
      const outcome = await host().verb("push-blueprint", { blueprint: blueprintText("0.0.2") }, env);
      assert.match(failure(outcome), /missing packages: edge-lab-guest/);
      assert.equal(host().weldr.blueprints.get("RFE")?.version, "0.0.1");
    });

    it("with a package that is not to be had, puts the one of before back", async () => {
      answer(await push(host()));
      host().weldr.missingPackages = ["strays"];
      const error = failure(await push(host(), blueprintText("0.0.2", ["strays"])));
      assert.match(error, /RFE 0\.0\.2: its packages cannot be installed: .*missing packages: strays/s);
      assert.equal(host().weldr.blueprints.get("RFE")?.version, "0.0.1");
      assert.equal(host().read("blueprints/RFE.toml").trim(), blueprintText("0.0.1").trim());
    });

    it("leaves none where there was none before", async () => {
      host().weldr.missingPackages = ["podman"];
      failure(await push(host()));
      assert.equal(host().weldr.blueprints.size, 0);
      assert.deepEqual(host().files("blueprints"), []);
    });

    it("resolves names of ports before anything is pushed", async () => {
      const ports = (...names: string[]): string =>
        blueprintText("0.0.1").replace(/^ports = .*$/m, `ports = ${JSON.stringify(["8080:tcp", ...names])}`);
      answer(await push(host(), ports("imap:tcp", "domain:udp", "30000-32767:tcp")));
      const error = failure(await push(host(), ports("imap:tcp", "gopherd:tcp", "tftp:tcp")));
      assert.match(
        error,
        /firewall\.ports: \/etc\/services has no gopherd:tcp tftp:tcp; fix: write the port's number/,
      );
    });

    it("says where a blueprint is no TOML, and what the image builder says of it", async () => {
      const error = failure(await push(host(), `${blueprintText("0.0.1")}\nbroken = [`));
      assert.match(error, /blueprint RFE 0\.0\.1 is refused: BlueprintsError: 400 Bad Request/);
    });
  });

  describe("depsolve", () => {
    const depsolve = (...names: string[]): Promise<Outcome> =>
      host().verb("depsolve", { packages: names.map((name) => ({ name, version: "*" })) });

    it("asks the image builder, and leaves no blueprint there", async () => {
      assert.deepEqual(answer(await depsolve("podman", "edge-lab-guest")), { packages: 3 });
      assert.equal(host().weldr.blueprints.size, 0);
    });

    it("names what is not to be had, and leaves no blueprint there", async () => {
      host().weldr.missingPackages = ["strays"];
      assert.match(failure(await depsolve("podman", "strays")), /missing packages: strays/);
      assert.equal(host().weldr.blueprints.size, 0);
    });
  });
});
