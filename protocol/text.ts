/** Text that somebody else wrote, as it may be shown. */
import { z } from "zod";

/** Escape sequences of terminals: colours, cursor moves, resets, character sets. */
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]+[0-~]|[0-Z\\-~])/g;
/** What else a terminal acts on, or a reader cannot see: controls but tab and newline, marks of direction, lone halves. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Cs}/gu;

/** The text without what a terminal would act on. */
export function printable(text: string): string {
  return text.replace(ESCAPES, "").replace(/\r\n?/g, "\n").replace(CONTROLS, "");
}

/** The same on one line. */
export function oneLine(text: string): string {
  return printable(text).replace(/\s+/gu, " ").trim();
}

/** Text from a device or a client: stored, shown and printed without what a terminal would act on. */
export function foreignText(longest: number): z.ZodType<string, string> {
  return z.string().max(longest).transform(printable);
}
