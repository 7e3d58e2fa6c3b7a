import { printable } from "../protocol/text";

/**
 * A failure whose message is meant for the user, without a stack trace. Much of it may be another program's words, or a
 * device's, and it may also end up in what Pulumi prints: the message is cleaned.
 */
export class LabError extends Error {
  override name = "LabError";

  constructor(message: string) {
    super(printable(message));
  }
}
