/** The steps that pulumi prints for a resource. The two halves of a replacement are left out: it has a line itself. */
const STEP = /^ *(?:\+|~|-|\+-) +\S+:\S+ (\S+) (creat|updat|delet|replac)/gm;

/** What a run of pulumi does to each resource, or in a preview would do, as `NAME VERB`, sorted. */
export function operations(output: string): string[] {
  const found = [...output.matchAll(STEP)].map(([, name, verb]) => `${name} ${verb}e`);
  return [...new Set(found)].sort();
}
