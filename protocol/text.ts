/** Text that somebody else wrote, as it may be stored, shown and printed. Everything foreign passes through here. */
import { z } from "zod";

/** Escape sequences of terminals: colours, cursor moves, resets, character sets. */
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]+[0-~]|[0-Z\\-~])/g;
/**
 * What else a terminal acts on, or a reader cannot see: controls (C0 but tab and newline, DEL, C1), marks of direction,
 * other line ends, characters without width, tags, and lone halves. The joiners of scripts and emoji stay.
 */
const CONTROLS =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Cs}/gu;

/**
 * The text without what a terminal would act on; cleaning it again changes nothing. An escape sequence cannot come out
 * of what is left of two nested ones: no escape character is left.
 */
export function printable(text: string): string {
  return text.replace(ESCAPES, "").replace(/\r\n?/g, "\n").replace(CONTROLS, "");
}

/** The same on one line. */
export function oneLine(text: string): string {
  return printable(text).replace(/\s+/gu, " ").trim();
}

/** True for one line of printable text: what a line of passwd, an INI file, a kickstart or a shell script can hold. */
export function isLine(text: string): boolean {
  return !/[\t\n]/.test(text) && printable(text) === text;
}

/** Text from a stack file or a blueprint that ends up in a line of some file. */
export const line = z.string().refine(isLine, "is one line of text, without control characters");

/** A text from a device or a client that is one line wherever it is shown: it cannot end the line it stands in. */
export function foreignLine(longest: number): z.ZodType<string, string> {
  return z.string().max(longest).transform(oneLine);
}

/** Text from a device or a client: stored, shown and printed without what a terminal would act on. */
export function foreignText(longest: number): z.ZodType<string, string> {
  return z.string().max(longest).transform(printable);
}
