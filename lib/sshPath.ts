/** A path as a value in ssh's configuration: a blank would end it, and % begins a placeholder. Absolute, without ${. */
export function sshPath(path: string): string {
  const literal = path.replace(/%/g, "%%");
  return /[\s"'\\#]/.test(literal) ? `"${literal.replace(/["\\]/g, "\\$&")}"` : literal;
}
