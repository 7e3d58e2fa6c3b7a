import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { HostScripts, type Outcome } from "../hostScripts";

export const KEY = "the activation key";
/** The stack's input for the host's script. */
export const SUBSCRIPTION = JSON.stringify({ activationKey: KEY, organization: "1" });

/** As `subscription-manager status` prints it (its man page; entitlement mode, and simple content access). */
export const subscriptionStatus = (overall: string, more = ""): string =>
  `+-------------------------------------------+\n   System Status Details\n+-------------------------------------------+\n` +
  `Overall Status: ${overall}\n${more}\nSystem Purpose Status: Unknown\n`;
export const EXPIRED = subscriptionStatus(
  "Invalid",
  "Red Hat Enterprise Linux:\n- Subscription for Red Hat Enterprise Linux is expired.\n",
);
export const SIMPLE_ACCESS = subscriptionStatus(
  "Disabled",
  "Content Access Mode is set to Simple Content Access. This host has access to content, regardless of subscription status.\n",
);

/** The host scripts on a simulated RHEL 9 host, with stand-ins that record their calls. */
export class DnfHost extends HostScripts {
  constructor() {
    super();
    this.osRelease("rhel", "9.6");
    this.noted("systemctl", '[[ $* != *is-* ]] || exit "${ACTIVE:-1}"');
  }

  osRelease(id: string, version: string): void {
    writeFileSync(join(this.path, "os-release"), `NAME="x"\nID="${id}"\nVERSION_ID="${version}"\n`);
  }

  /** Writes a program that records its calls, then runs the body. */
  noted(name: string, body: string): void {
    this.program(`bin/${name}`, `echo "${name} $*" >>"$CALLS"\n${body}`);
  }

  calls(of: string): string[] {
    return this.read("calls")
      .split("\n")
      .filter((line) => line.startsWith(`${of} `));
  }

  env(): Record<string, string> {
    return {
      CALLS: join(this.path, "calls"),
      EDGE_OS_RELEASE: join(this.path, "os-release"),
      EDGE_PYTHON: join(this.path, "bin/python"),
      EDGE_LIBVIRT_URI: "test:///default",
    };
  }

  /** Runs bash with the host scripts' libraries. */
  with(libraries: string[], text: string, more: Record<string, string> = {}): Outcome {
    return this.bash(["paths", "log", "result", "distribution", ...libraries], text, {
      ...this.env(),
      ...more,
    });
  }
}

/** Asserts success; returns the output. */
export function good({ status, stdout, stderr }: Outcome): string {
  assert.equal(status, 0, stderr);
  return stdout;
}

/** Asserts failure with one error that says what to do; returns it. */
export function oneError(outcome: Outcome): string {
  assert.equal(outcome.status, 1, outcome.stderr);
  const errors = outcome.stderr.split("\n").filter((line) => line.startsWith("error: "));
  assert.equal(errors.length, 1, outcome.stderr);
  assert.match(outcome.stderr, /; fix: /);
  return outcome.stderr;
}
