/** Options of unshare(1) that give a test its own network, mounts and processes, which all end with it. */
export const OWN_NAMESPACES: readonly string[] = [
  "--net",
  "--mount",
  "--pid",
  "--fork",
  "--mount-proc",
  "--kill-child",
];
