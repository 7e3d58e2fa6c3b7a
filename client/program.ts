import { LabError } from "./labError";
import { printError } from "./terminal";

/** A variable that the Command sets for its host program; if it is missing, the caller has a defect. */
export function requiredEnv(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}

function report(e: unknown): void {
  const expected = e instanceof LabError;
  printError(`error: ${expected ? e.message : e instanceof Error ? (e.stack ?? e.message) : String(e)}\n`);
}

/** Runs the program; on failure prints one line if the failure was expected, a stack trace if it is a defect. */
export function runProgram(main: () => Promise<void>): void {
  main().catch((e: unknown) => {
    report(e);
    process.exitCode = 1;
  });
}

/** The same for a program that may fail while other work is under way, which must stop with it. */
export function runInterruptible(main: () => Promise<void>): void {
  main().catch((e: unknown) => {
    report(e);
    process.exit(1);
  });
}
