import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A place that repeats a fact. */
export interface Place {
  /** Path from the project's folder, or {@link FILE_NAMES}. */
  readonly file: string;
  /** Finds the place by what stands around it; its group is what the place says. */
  readonly pattern: RegExp;
  readonly count: number;
  /** What it must say, where that is not all of the fact's value. */
  readonly value: string | undefined;
}

/** A place whose pattern matches once, or `count` times; its group is the fact's value, or `value`. */
export function at(file: string, pattern: RegExp, more: { count?: number; value?: string } = {}): Place {
  return { file, pattern, count: more.count ?? 1, value: more.value };
}

/** A fact of protocol/, and the places that cannot read it from there. */
export interface Fact {
  /** As protocol/ names it. */
  readonly name: string;
  readonly value: string | number;
  readonly places: readonly Place[];
  /** What a mention of the fact looks like: outside of the places there is none. */
  readonly mention?: RegExp;
}

/** Text that looks like a mention of a fact and is none. */
export interface Exemption {
  /** Without it: in any file. */
  readonly file?: string;
  readonly text: RegExp;
  readonly why: string;
}

/** Stands for the list of the shipped files' names, a line each: a file's name can be a fact too. */
export const FILE_NAMES = "(names of files)";

/** What is shipped besides protocol/ itself. */
const SHIPPED = ["assets", "cli", "client", "components", "depot", "lib", "operations", "scenarios"];

/** The shipped text files by their paths; documentation apart. */
export function shippedFiles(): Map<string, string> {
  const files = new Map([["index.ts", readFileSync("index.ts", "utf8")]]);
  for (const folder of SHIPPED) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || path.endsWith(".md")) continue;
      const text = readFileSync(path, "utf8");
      if (!text.includes("\0")) files.set(path, text);
    }
  }
  return files.set(FILE_NAMES, [...files.keys()].sort().join("\n"));
}

type Span = readonly [from: number, to: number];

/** Every match of a pattern in a text; the span is its first group's, or where it has none its own. */
function matches(text: string, pattern: RegExp, group: 0 | 1): { found: string; span: Span }[] {
  const every = new RegExp(pattern.source, `${pattern.flags}dg`);
  return [...text.matchAll(every)].map((m) => ({
    found: m[group] ?? "",
    span: m.indices?.[group] ?? [m.index, m.index + m[0].length],
  }));
}

const lineOf = (text: string, at: number): number => text.slice(0, at).split("\n").length;

/** What is wrong with the places of a fact, a line each. */
export function wrongPlaces(fact: Fact, files: ReadonlyMap<string, string>): string[] {
  return fact.places.flatMap(({ file, pattern, count, value = String(fact.value) }) => {
    const text = files.get(file);
    if (text === undefined) return [`${file} is not there: where does it say ${fact.name} now?`];
    const all = matches(text, pattern, 1);
    const wrong = all
      .filter((m) => m.found !== value)
      .map(
        (m) =>
          `${file}:${lineOf(text, m.span[0])} says "${m.found}", protocol/ has "${value}" as ${fact.name}`,
      );
    const missing = `${file}: ${fact.name} ("${value}") stands there ${all.length} times, expected ${count}: ${String(pattern)}`;
    return all.length === count ? wrong : [...wrong, missing];
  });
}

/** Whether a line is a comment of TypeScript, shell or a unit. */
const isComment = (line: string): boolean => /^\s*(?:#(?!!)|\/\/|\/?\*)/.test(line);

/** Lines outside of the places that mention the fact. In comments a name is prose; a number is not. */
export function strayMentions(
  fact: Fact,
  facts: readonly Fact[],
  exemptions: readonly Exemption[],
  files: ReadonlyMap<string, string>,
): string[] {
  const { mention } = fact;
  if (!mention) return [];
  const stray: string[] = [];
  for (const [file, text] of files) {
    if (file === FILE_NAMES) continue;
    const allowed: Span[] = [
      ...facts
        .flatMap((f) => f.places)
        .filter((p) => p.file === file)
        .flatMap((p) => matches(text, p.pattern, 1)),
      ...exemptions
        .filter((e) => e.file === undefined || e.file === file)
        .flatMap((e) => matches(text, e.text, 0)),
    ].map((m) => m.span);
    for (const { found, span } of matches(text, mention, 0)) {
      if (allowed.some(([from, to]) => from < span[1] && span[0] < to)) continue;
      const number = lineOf(text, span[0]);
      const line = text.split("\n")[number - 1] ?? "";
      if (typeof fact.value === "string" && isComment(line)) continue;
      stray.push(
        `${file}:${number} has ${found.trim()}, which is ${fact.name}: take it from protocol/, or register the place in tests/unit/protocol/`,
      );
    }
  }
  return stray;
}

/** Exemptions that no file has any more. */
export function unusedExemptions(
  exemptions: readonly Exemption[],
  files: ReadonlyMap<string, string>,
): string[] {
  return exemptions
    .filter(
      ({ file, text }) =>
        ![...files].some(([f, content]) => (file ?? f) === f && matches(content, text, 0).length > 0),
    )
    .map(({ file, text, why }) => `${file ?? "any file"} ${String(text)} (${why})`);
}
