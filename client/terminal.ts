/**
 * The only way from the project's programs to a terminal. Devices, clients and other programs choose much of what is
 * printed; whatever way it came, nothing here makes a terminal act. Only `lab ssh` and a live `lab console` are not
 * cleaned: they are the operator's own session on a device.
 */
import { printable } from "../protocol/text";

/** Writes to standard output. A JSON document stays one: the characters that are left out stand only in its texts. */
export function print(text: string): void {
  process.stdout.write(printable(text));
}

/** Writes progress or an error to standard error. */
export function printError(text: string): void {
  process.stderr.write(printable(text));
}
