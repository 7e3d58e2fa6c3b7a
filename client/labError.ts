/** A failure whose message is for the user as it is. */
export class LabError extends Error {
  override name = "LabError";
}
