/** Options of unshare(1) for a world of a test's own: its network, mounts and processes, which all end with it. */
export const OWN_NAMESPACES: readonly string[] = [
  "--net",
  "--mount",
  "--pid",
  "--fork",
  "--mount-proc",
  "--kill-child",
];
