import { LabError } from "./labError";

/** A variable that a host program was given by its Command; its absence is a defect of the caller. */
export function requiredEnv(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}

function report(e: unknown): void {
  const expected = e instanceof LabError;
  process.stderr.write(
    `error: ${expected ? e.message : e instanceof Error ? (e.stack ?? e.message) : String(e)}\n`,
  );
}

/** Ends the program: one line for a mistake or a failure that was foreseen, a stack trace for a defect. */
export function runProgram(main: () => Promise<void>): void {
  main().catch((e: unknown) => {
    report(e);
    process.exitCode = 1;
  });
}

/** The same for a program that may be in the middle of something else when it fails: that does not go on. */
export function runInterruptible(main: () => Promise<void>): void {
  main().catch((e: unknown) => {
    report(e);
    process.exit(1);
  });
}
