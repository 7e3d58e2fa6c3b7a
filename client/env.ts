/** A variable that a host program was given by its Command; its absence is a defect of the caller. */
export function requiredEnv(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}

/** Waits that many milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Ends the program: one line for a mistake or a failure that was foreseen, a stack trace for a defect. */
export function runProgram(main: () => Promise<void>): void {
  main().catch((e: unknown) => {
    const expected = e instanceof Error && e.name === "LabError";
    process.stderr.write(
      `error: ${expected ? e.message : e instanceof Error ? (e.stack ?? e.message) : String(e)}\n`,
    );
    process.exitCode = 1;
  });
}

/** A failure whose message is for the user as it is. */
export class LabError extends Error {
  override name = "LabError";
}
