import { LabError } from "./labError";

/** A variable that a host program was given by its Command; its absence is a defect of the caller. */
export function requiredEnv(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}

/** Ends the program: one line for a mistake or a failure that was foreseen, a stack trace for a defect. */
export function runProgram(main: () => Promise<void>): void {
  main().catch((e: unknown) => {
    const expected = e instanceof LabError;
    process.stderr.write(
      `error: ${expected ? e.message : e instanceof Error ? (e.stack ?? e.message) : String(e)}\n`,
    );
    process.exitCode = 1;
  });
}
