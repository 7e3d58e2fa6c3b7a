import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** What the depot needs to know of the repository and the releases: which commit a ref names, and its version. */
export class Repository {
  private versions = new Map<string, string>();
  private readAt = -1;

  constructor(
    private readonly repo: string,
    private readonly releases: string,
  ) {}

  /** The commit that the ref names now; null while it is not published. Read each time: others move it. */
  target(ref: string): string | null {
    try {
      const commit = readFileSync(join(this.repo, "refs", "heads", ref), "utf8").trim();
      return /^[0-9a-f]{64}$/.test(commit) ? commit : null;
    } catch (e) {
      if (["ENOENT", "ENOTDIR", "EISDIR"].includes((e as NodeJS.ErrnoException).code ?? "")) return null;
      throw e;
    }
  }

  /** The version of a commit by the composer's records; null for a commit from elsewhere. */
  version(commit: string): string | null {
    const changedAt = statSync(this.releases, { throwIfNoEntry: false })?.mtimeMs;
    if (changedAt !== undefined && changedAt !== this.readAt) {
      this.versions = this.readVersions();
      this.readAt = changedAt;
    }
    return this.versions.get(commit) ?? null;
  }

  private readVersions(): Map<string, string> {
    const versions = new Map<string, string>();
    for (const file of readdirSync(this.releases).filter((name) => name.endsWith(".json"))) {
      try {
        const record = JSON.parse(readFileSync(join(this.releases, file), "utf8")) as Record<string, unknown>;
        if (typeof record.commit === "string" && typeof record.version === "string") {
          versions.set(record.commit, record.version);
        }
      } catch {
        // A record that is just being written is read at the next change of the folder.
      }
    }
    return versions;
  }
}
