import { x } from "tinyexec";

import { inState } from "../../protocol/paths";

async function ostree(repo: string, args: string[]): Promise<string> {
  const result = await x("ostree", [`--repo=${repo}`, ...args], { throwOnError: false });
  if (result.exitCode !== 0) {
    throw new Error(`ostree ${args.join(" ")} ended with status ${result.exitCode}: ${result.stderr.trim()}`);
  }
  return result.stdout.trim();
}

/** The ref that devices follow, in the repository that the depot serves. */
export class PublishedRef {
  private readonly repo: string;

  constructor(
    stateDir: string,
    private readonly ref: string,
  ) {
    this.repo = inState(stateDir, "repo");
  }

  /** Commit that the ref names. */
  async current(): Promise<string> {
    return ostree(this.repo, ["rev-parse", this.ref]);
  }

  /** Points the ref at a commit and updates the summary, through which clients find static deltas. */
  async move(commit: string): Promise<void> {
    await ostree(this.repo, ["refs", "--force", `--create=${this.ref}`, commit]);
    await ostree(this.repo, ["summary", "-u"]);
  }
}
