import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

import { driftOf, heals, type Drifting } from "../support/drift";
import { GATEWAY, needs, Sandbox } from "../support/sandbox";

const REGISTRY = `${GATEWAY}:5000`;
const TYPE = "application/vnd.oci.image";

/** An image of one small layer as an OCI layout. */
function makeLayout(dir: string, text: string): void {
  const blob = (content: string | Buffer): { digest: string; size: number } => {
    const hash = createHash("sha256").update(content).digest("hex");
    mkdirSync(join(dir, "blobs/sha256"), { recursive: true });
    writeFileSync(join(dir, "blobs/sha256", hash), content);
    return { digest: `sha256:${hash}`, size: Buffer.byteLength(content) };
  };
  const layer = blob(gzipSync(text));
  const config = blob(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    }),
  );
  const manifest = blob(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${TYPE}.manifest.v1+json`,
      config: { mediaType: `${TYPE}.config.v1+json`, ...config },
      layers: [{ mediaType: `${TYPE}.layer.v1.tar+gzip`, ...layer }],
    }),
  );
  const annotations = { "org.opencontainers.image.ref.name": "latest" };
  writeFileSync(join(dir, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    join(dir, "index.json"),
    JSON.stringify({
      schemaVersion: 2,
      manifests: [{ mediaType: `${TYPE}.manifest.v1+json`, annotations, ...manifest }],
    }),
  );
}

describe("drift of the app's images", () => {
  let box: Sandbox;
  let cache: string;
  const REGISTRY_ENV = { EDGE_GATEWAY: GATEWAY, EDGE_REGISTRY_PORT: "5000" };
  before(function () {
    needs(this, "docker-registry", "supervisord", "skopeo", "jq", "curl");
    box = new Sandbox();
    cache = box.path("cache");
    // Images as a build leaves them in the cache.
    for (const tag of ["v1", "v2"]) {
      const script =
        'for part in paths log debian-mirror app-base app-build; do . assets/host/lib/$part.sh; done; app_layout "$1"';
      const env = { ...process.env, EDGE_LAB_CACHE: cache, EDGE_STATE_DIR: box.stateDir };
      const dir = execFileSync("bash", ["-c", script, "bash", tag], { encoding: "utf8", env }).trim();
      makeLayout(dir, `layer of ${tag}`);
    }
    box.ok(["assets/host/registry.sh", "apply"], REGISTRY_ENV);
    for (const tag of ["v1", "v2", "prod"] as const) image(tag).apply();
  });
  after(() => {
    box.remove();
  });

  const image = (tag: "v1" | "v2" | "prod"): Drifting => {
    const env = {
      EDGE_LAB_CACHE: cache,
      EDGE_REGISTRY: REGISTRY,
      EDGE_APP_TAG: tag,
      ...(tag === "prod" ? { EDGE_APP_SOURCE: "v1" } : {}),
    };
    return {
      stateDir: box.stateDir,
      status: () => box.run(["assets/host/app-image.sh", "status"], env),
      apply: () => void box.ok(["assets/host/app-image.sh", "apply"], env),
    };
  };
  const data = (...parts: string[]): string => box.path("registry/data/docker/registry/v2", ...parts);
  const tags = (tag: string): string => data("repositories/httpd/_manifests/tags", tag);
  const move = (from: string, to: string): void => {
    const accept = ["-H", `Accept: ${TYPE}.manifest.v1+json`, "-H", `Content-Type: ${TYPE}.manifest.v1+json`];
    const manifests = `http://${box.read("registry/push/address").trim()}/v2/httpd/manifests`;
    box.ok([
      "bash",
      "-c",
      'set -o pipefail; curl -sSf "${@:3}" "$1" | curl -sSf -X PUT "${@:3}" --data-binary @- "$2"',
      "bash",
      `${manifests}/${from}`,
      `${manifests}/${to}`,
      ...accept,
      ...["--netrc-file", box.path("registry/push/netrc")],
    ]);
  };
  /** The folder of the layer with this text. */
  const layer = (text: string): string => {
    const hash = createHash("sha256").update(gzipSync(text)).digest("hex");
    return data("blobs/sha256", hash.slice(0, 2), hash);
  };

  for (const tag of ["v1", "v2", "prod"] as const) {
    it(`${tag}: the tag is removed`, () => {
      heals(image(tag), /is not in the registry/, () => rmSync(tags(tag), { recursive: true }));
    });
    it(`${tag}: the tag is moved`, () => {
      heals(image(tag), /is another image/, () => move(tag === "v2" ? "v1" : "v2", tag));
    });
    it(`${tag}: what it must be is not recorded`, () => {
      heals(image(tag), /not recorded/, () => rmSync(box.path("registry/declared", tag)));
    });
  }

  for (const tag of ["v1", "v2"] as const) {
    it(`${tag}: a layer is removed`, () => {
      heals(image(tag), /has lost a layer/, () => rmSync(layer(`layer of ${tag}`), { recursive: true }));
      const hash = layer(`layer of ${tag}`).split("/").pop() ?? "";
      const url = `http://${REGISTRY}/v2/httpd/blobs/sha256:${hash}`;
      assert.equal(box.ok(["bash", "-c", 'curl -sSf "$1" | gzip -d', "bash", url]).stdout, `layer of ${tag}`);
    });
  }

  it("all that was pushed is removed: every tag heals in its turn", () => {
    rmSync(box.path("registry/data"), { recursive: true });
    for (const tag of ["v1", "v2", "prod"] as const)
      assert.match(driftOf(image(tag).status()).join(), /not in the registry/);
    box.ok(["assets/host/registry.sh", "apply"], REGISTRY_ENV);
    for (const tag of ["v1", "v2", "prod"] as const) image(tag).apply();
    for (const tag of ["v1", "v2", "prod"] as const) assert.deepEqual(driftOf(image(tag).status()), []);
  });

  it("a tag that a scenario moved and put back is as declared", () => {
    move("v2", "prod");
    move("v1", "prod");
    assert.deepEqual(driftOf(image("prod").status()), []);
  });

  it("a registry that is down is the registry's drift, and no image's", () => {
    box.ok(["assets/host/registry.sh", "stop"], REGISTRY_ENV);
    for (const tag of ["v1", "prod"] as const) assert.deepEqual(driftOf(image(tag).status()), []);
    box.ok(["assets/host/registry.sh", "apply"], REGISTRY_ENV);
  });

  it("destroy forgets what a tag should be", () => {
    box.ok(["assets/host/app-image.sh", "destroy"], {
      EDGE_LAB_CACHE: cache,
      EDGE_REGISTRY: REGISTRY,
      EDGE_APP_TAG: "prod",
    });
    assert.deepEqual(readdirSync(dirname(box.path("registry/declared/x"))).sort(), ["v1", "v2"]);
  });
});
