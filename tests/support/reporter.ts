import { writeFileSync } from "node:fs";

import Mocha from "mocha";

import { reasonOf, titleOf } from "./skip";

const { EVENT_RUN_BEGIN, EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PENDING } = Mocha.Runner.constants;
/** A suite that still runs this long after its last test has left something open, milliseconds. */
const LINGER_MS = 15_000;

/**
 * mocha's spec output, with each skip's reason. The counts go to the file named by EDGE_LAB_TEST_COUNTS: a line
 * `PASSED FAILED SKIPPED`, then the lines to repeat at the end of all suites. A skip without a reason is a failure.
 */
class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const again: string[] = [];
    let failed = 0;
    let skipped = 0;
    runner.once(EVENT_RUN_BEGIN, () => {
      process.stdout.write(`mocha ${process.version}\n`);
    });
    runner.on(EVENT_TEST_FAIL, (test) => {
      failed++;
      again.push(`failed: ${test.fullTitle()}`);
    });
    runner.on(EVENT_TEST_PENDING, (test) => {
      const reason = reasonOf(test);
      if (reason === undefined) failed++;
      else skipped++;
      const line =
        reason === undefined
          ? `failed: ${test.fullTitle()}: skipped without a reason`
          : `skipped: ${titleOf(test)}: ${reason}`;
      again.push(line);
      process.stdout.write(`      ${line}\n`);
    });
    runner.once(EVENT_RUN_END, () => {
      const path = process.env["EDGE_LAB_TEST_COUNTS"];
      const counts = `${this.stats.passes} ${failed} ${skipped}`;
      if (path !== undefined) writeFileSync(path, `${[counts, ...again].join("\n")}\n`);
      setTimeout(() => {
        process.stdout.write(`the tests left open: ${process.getActiveResourcesInfo().join(", ")}\n`);
        process.exit(1);
      }, LINGER_MS).unref();
    });
  }
}

export = Reporter;
