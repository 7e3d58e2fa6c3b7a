import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import type { z } from "zod";

import { schema } from "../../../lib/configSchema";
import { PulumiProject } from "../../support/pulumiProject";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGvb+Xy8ZmJ4Y2tfYXJlX3lvdV9raWRkaW5nX21l me";

/** The typed value for each leaf, and what the program then reads if that is not the same text. */
interface Value {
  readonly typed: string;
  readonly read?: unknown;
  readonly secret?: boolean;
}
const text = (typed: string): Value => ({ typed });
const number = (typed: string): Value => ({ typed, read: Number(typed) });

/** A valid configuration on another host: the builder osbuild, which has every key, in the host's own LAN. */
const VALUES: Record<string, Value> = {
  builder: text("osbuild"),
  distribution: text("rhel-9"),
  libvirtUri: text("qemu+ssh://root@lab.example/system"),
  "hostKeys[0]": text(KEY),
  stateDir: text(".lab"),
  accelerator: text("tcg"),
  "network.mode": text("lan"),
  "network.cidr": text("10.20.30.0/24"),
  "network.vip": text("10.20.30.60"),
  "network.uplink": text("eth1"),
  "network.bridge": text("7"),
  "network.name": text("2026"),
  "network.advertSeconds": number("0.5"),
  "ports.registry": number("5001"),
  "ports.content": number("8001"),
  "devices[0].name": text("edge-1"),
  "devices[0].role": text("primary"),
  "devices[0].address": text("10.20.30.61"),
  "devices[0].mac": text("52:54:00:00:00:0b"),
  "device.memoryMiB": number("4096"),
  "device.vcpus": number("3"),
  "device.diskGiB": number("32"),
  blueprint: text("assets/blueprints/RFE.toml"),
  "releases[0].version": text("0.0.1"),
  "releases[1].version": text("0.0.2"),
  "releases[1].addPackages[0]": text("7zip"),
  "releases[2].version": text("0.0.3"),
  "releases[2].removePackages[0]": text("7zip"),
  targetVersion: text("0.0.2"),
  upgradeGate: text("closed"),
  "app.release": text("v2"),
  "app.idleSeconds": number("30"),
  "coreUser.authorizedKeys[0]": text(KEY),
  "coreUser.password": { typed: "12345678", secret: true },
  "coreUser.passwordLogin": { typed: "true", read: true },
  "subscription.organization": text("11009103"),
  "subscription.activationKey": { typed: "20261125", secret: true },
  bootIso: text("/isos/boot.iso"),
};

/** The schema's leaves: a list has its first entry, a union the leaves of the option that is set here. */
function leaves(of: z.core.$ZodType, path = ""): string[] {
  const def = of._zod.def as z.core.$ZodTypes["_zod"]["def"];
  switch (def.type) {
    case "optional":
    case "default":
    case "prefault":
      return leaves(def.innerType, path);
    case "union":
      return leaves(def.options[def.options.length - 1] ?? assert.fail(), path);
    case "array":
      return leaves(def.element, `${path}[0]`);
    case "object":
      return Object.entries(def.shape).flatMap(([key, inner]) =>
        leaves(inner, path ? `${path}.${key}` : key),
      );
    default:
      return [path];
  }
}

const at = (value: unknown, path: string): unknown =>
  path
    .split(/[.[\]]+/)
    .filter(Boolean)
    .reduce<unknown>((v, key) => (v as Record<string, unknown> | undefined)?.[key], value);

describe("pulumi config set, by the real CLI", () => {
  let project: PulumiProject;
  before(async function () {
    this.timeout("5m");
    project = new PulumiProject();
    writeFileSync(join(project.path, "Pulumi.dev.yaml"), "config: {}\n");
    // Only the part of the project that reads its configuration.
    writeFileSync(
      join(project.path, "index.ts"),
      `import * as pulumi from "@pulumi/pulumi";
      import { readLabInputs } from "./lib/labProgram";
      const { isConfigSecret } = pulumi.runtime as any;
      const { config } = readLabInputs(process.cwd(), pulumi.getStack(), pulumi.runtime.allConfig(), isConfigSecret);
      export const read = pulumi.unsecret(pulumi.output(JSON.stringify(config)));
      `,
    );
    assert.equal((await project.pulumi("stack", "init")).status, 0);
  });
  after(() => project.remove());

  const set = async (key: string, ...words: string[]): Promise<void> => {
    const { status, stderr } = await project.pulumi("config", "set", "--path", `edge-lab:${key}`, ...words);
    assert.equal(status, 0, `${key}: ${stderr}`);
  };
  const read = async (): Promise<unknown> => {
    const up = await project.pulumi("up", "--yes", "--skip-preview");
    assert.equal(up.status, 0, `${up.stdout}${up.stderr}`);
    const { stdout } = await project.pulumi("stack", "output", "read");
    return JSON.parse(stdout) as unknown;
  };

  it("has a value here for every key of the schema", () => {
    const keys = Object.keys(VALUES).map((key) => key.replace(/\[\d+\]/g, "[0]"));
    assert.deepEqual(leaves(schema).sort(), [...new Set(keys)].sort());
  });

  it("works for every key in the form that the command stores", async function () {
    this.timeout("5m");
    for (const [key, { typed, secret }] of Object.entries(VALUES)) {
      await set(key, ...(secret ? ["--secret"] : []), typed);
    }
    const config = await read();
    for (const [key, { typed, read: expected }] of Object.entries(VALUES)) {
      assert.deepEqual(at(config, key), expected ?? typed, key);
    }
  });

  it("works for lists and maps as JSON, and for what looks like a number and is none", async () => {
    await set("coreUser.authorizedKeys", JSON.stringify([KEY, KEY]));
    await set("subscription.organization", "007");
    let config = await read();
    assert.deepEqual(at(config, "coreUser.authorizedKeys"), [KEY, KEY]);
    assert.equal(at(config, "subscription.organization"), "007");
    await set("subscription.organization", "9007199254740993");
    const whole = await project.pulumi("config", "set", "edge-lab:device", '{"memoryMiB":"8192","vcpus":2}');
    assert.equal(whole.status, 0);
    config = await read();
    assert.equal(at(config, "subscription.organization"), "9007199254740993");
    assert.deepEqual(at(config, "device.memoryMiB"), 8192);
  });

  it("is refused where it cannot be meant", async () => {
    await set("network.advertSeconds", "fast");
    const up = await project.pulumi("up", "--yes", "--skip-preview");
    assert.notEqual(up.status, 0);
    assert.match(`${up.stdout}${up.stderr}`, /network\.advertSeconds = "fast"\s+rule: is auto, or a number/);
  });
});
