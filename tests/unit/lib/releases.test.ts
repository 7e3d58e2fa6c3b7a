import assert from "node:assert/strict";

import fc from "fast-check";
import semver from "semver";

import { chainProblems, resolveChain, type PackageSpec, type ReleaseSpec } from "../../../lib/releases";

const packageName = fc.constantFrom("bash", "curl", "jq", "podman", "strace", "vim", "zstd");
const base = fc
  .uniqueArray(packageName)
  .map((names): PackageSpec[] => names.map((name) => ({ name, version: "*" })));
const specs = fc
  .array(
    fc.record({ addPackages: fc.uniqueArray(packageName), removePackages: fc.uniqueArray(packageName) }),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((list): ReleaseSpec[] =>
    list.map((r, i) => ({
      version: `0.${i}.0`,
      addPackages: r.addPackages,
      removePackages: r.removePackages.filter((p) => !r.addPackages.includes(p)),
    })),
  );
const names = (packages: readonly PackageSpec[]): string[] => packages.map((p) => p.name);

describe("resolveChain", () => {
  it("gives each release the packages of the one before, plus and minus its own, sorted", () => {
    fc.assert(
      fc.property(base, specs, (packages, list) => {
        const expected = new Set(names(packages));
        resolveChain(packages, list).forEach((release, i) => {
          const spec = list[i];
          assert.ok(spec);
          for (const name of spec.addPackages) expected.add(name);
          for (const name of spec.removePackages) expected.delete(name);
          assert.deepEqual(names(release.packages), [...expected].sort());
        });
      }),
    );
  });

  it("keeps the order, and names the release before as parent", () => {
    fc.assert(
      fc.property(base, specs, (packages, list) => {
        const chain = resolveChain(packages, list);
        assert.deepEqual(
          chain.map((r) => r.version),
          list.map((r) => r.version),
        );
        chain.forEach((r, i) => assert.equal(r.parentVersion, list[i - 1]?.version));
      }),
    );
  });

  it("does not change what came before when a release is added", () => {
    fc.assert(
      fc.property(base, specs, (packages, list) => {
        assert.deepEqual(
          resolveChain(packages, list).slice(0, -1),
          resolveChain(packages, list.slice(0, -1)),
        );
      }),
    );
  });

  it("keeps the blueprint's version of a package that a release adds again", () => {
    const [release] = resolveChain(
      [{ name: "jq", version: "1.7*" }],
      [{ version: "0.0.1", addPackages: ["jq", "curl"], removePackages: [] }],
    );
    assert.deepEqual(release?.packages, [
      { name: "curl", version: "*" },
      { name: "jq", version: "1.7*" },
    ]);
  });
});

describe("chainProblems", () => {
  const version = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20)).map((v) => v.join("."));

  it("finds none exactly where each version is higher than the one before", () => {
    fc.assert(
      fc.property(fc.array(version, { minLength: 1, maxLength: 5 }), (versions) => {
        const rising = versions.every((v, i) => i === 0 || semver.gt(v, versions[i - 1] ?? ""));
        assert.equal(chainProblems(versions).length === 0, rising);
      }),
    );
    assert.deepEqual(chainProblems(["0.0.9", "0.0.10", "0.1.0", "1.0.0"]), []);
  });

  it("names what is no version once, and still orders the others", () => {
    const problems = chainProblems([
      "1.0.0",
      "v1.1.0",
      "1.2",
      "01.3.0",
      "1.4.0-rc.1",
      "1.5.0+b",
      "1.4.0",
      "1.3.0",
    ]);
    assert.deepEqual(
      problems.map((p) => p.index),
      [1, 2, 3, 4, 5, 7],
    );
    assert.match(problems[5]?.rule ?? "", /higher than the release before it \(1\.4\.0\)/);
  });
});
