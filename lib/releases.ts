import semver from "semver";

/** One release of the chain, as written in the stack configuration. */
export interface ReleaseSpec {
  /** Semantic version, e.g. `0.0.2`; higher than the previous one. */
  readonly version: string;
  /** Debian or RPM package names to add to the tree of the previous release. */
  readonly addPackages: readonly string[];
  /** Package names to remove from it. */
  readonly removePackages: readonly string[];
}

/** A package constraint as an osbuild blueprint writes it. */
export interface PackageSpec {
  readonly name: string;
  /** Exact version or glob; `*` is any. */
  readonly version: string;
}

/** A release with everything that follows from its place in the chain. */
export interface Release extends ReleaseSpec {
  /** Version of the release it is built on; undefined for the first. */
  readonly parentVersion: string | undefined;
  /** Every package of its blueprint, sorted by name. */
  readonly packages: readonly PackageSpec[];
}

const byName = (a: PackageSpec, b: PackageSpec): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** Resolves the chain: each release's packages are those of the previous one, plus and minus its own changes. */
export function resolveChain(base: readonly PackageSpec[], specs: readonly ReleaseSpec[]): Release[] {
  const chain: Release[] = [];
  let packages = new Map(base.map((p) => [p.name, p]));
  let parentVersion: string | undefined;
  for (const spec of specs) {
    packages = new Map(packages);
    for (const name of spec.addPackages) packages.set(name, packages.get(name) ?? { name, version: "*" });
    for (const name of spec.removePackages) packages.delete(name);
    chain.push({ ...spec, parentVersion, packages: [...packages.values()].sort(byName) });
    parentVersion = spec.version;
  }
  return chain;
}

function isRelease(version: string): boolean {
  return semver.valid(version) === version && semver.prerelease(version) === null;
}

/** Problems with the order or form of the versions; empty if there are none. */
export function chainProblems(versions: readonly string[]): { index: number; rule: string; fix: string }[] {
  const problems: { index: number; rule: string; fix: string }[] = [];
  versions.forEach((version, index) => {
    const before = versions[index - 1];
    // The builders accept no pre-release or build part.
    if (!isRelease(version)) {
      problems.push({
        index,
        rule: "is a semantic version MAJOR.MINOR.PATCH",
        fix: "write it as three numbers, e.g. 0.0.3, in quotes where it has only one dot",
      });
    } else if (before !== undefined && isRelease(before) && !semver.gt(version, before)) {
      problems.push({
        index,
        rule: `is higher than the release before it (${before})`,
        fix: "order the releases from oldest to newest, each version once",
      });
    }
  });
  return problems;
}
