/** A failure whose message is meant for the user, without a stack trace. */
export class LabError extends Error {
  override name = "LabError";
}
