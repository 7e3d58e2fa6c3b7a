/**
 * The control of power cuts that lose unflushed writes: a device writes to its disk past its own page cache, and the
 * host cuts its power meanwhile. What it flushed must be there after every cut; what it only wrote is there after a
 * plain cut, and gone after one that loses unflushed writes.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { LabError } from "../../client/labError";
import { sshArgs } from "../../client/ssh";
import { waitFor } from "../../client/wait";
import { quoted } from "../../lib/shellWord";
import type { RunningLab } from "./runningLab";

/** On the device: outlives a boot, and is on the disk that the system is on. */
const FILE = "/var/tmp/edge-lab-flush-control";
/** A write is one block of 4096 bytes with its number; without KVM a device does about a thousand in a second. */
export const BLOCKS = 4096;
/** Writes that the disk has acknowledged at the cut, at least. */
const UNFLUSHED = 200;
/** Written by the shell and perhaps not yet by dd: what a pipe and dd hold. */
export const UNDERWAY = 20;
const LIMIT_SECONDS = 120;

/**
 * One number is flushed, the others never: they overwrite blocks in place, past the page cache, which changes no
 * metadata that the file system would flush at once. The program that writes them starts no process for each, so that
 * hardly any time passes, in which something else could flush, between an acknowledged write and the cut.
 */
export const writer = (file: string): string => `set -eu
exec 2>&1
rm -f ${file} ${file}.flushed
head -c ${BLOCKS * 4096} /dev/zero | dd of=${file} bs=1M iflag=fullblock conv=fsync status=none
printf '%4096d' "$NUMBER" | dd of=${file}.flushed bs=4096 iflag=fullblock conv=fsync status=none
echo "flushed $NUMBER"
for ((n = 1; n <= ${BLOCKS}; n++)); do
  printf '%4096d' "$n"
  ((n % ${UNDERWAY} != 0 || n == ${UNDERWAY})) || echo "unflushed $((n - ${UNDERWAY}))" >&2
done | dd of=${file} bs=4096 iflag=fullblock oflag=direct conv=notrunc status=none`;

/** The last number in the file; the blocks after it are still zero. */
export const reader = (file: string): string => `set -eu
echo "flushed $(tr -d ' ' <${file}.flushed)"
echo "unflushed $(tr -d '\\0' <${file} | tr -s ' ' '\\n' | sort -n | tail -n 1)"`;

/** What a device's disk has of the two numbers. */
export interface Numbers {
  readonly flushed: number;
  readonly unflushed: number;
}

/** The last numbers in the lines of {@link writer} or {@link reader}. */
export function numbersIn(lines: readonly string[]): Numbers {
  const last = (word: string): number =>
    Number(
      lines
        .filter((line) => line.startsWith(`${word} `))
        .pop()
        ?.slice(word.length + 1) ?? NaN,
    );
  return { flushed: last("flushed"), unflushed: last("unflushed") };
}

/**
 * Lets a device write, and cuts its power between two writes.
 * @param number what it flushes
 * @returns what the device had read back from its disk before the cut, and the result of `cut`
 */
export async function cutWhileWriting<T>(
  lab: RunningLab,
  device: string,
  number: number,
  cut: () => Promise<T>,
): Promise<{ before: Numbers; result: T }> {
  const { address } = lab.device(device);
  const words = [...sshArgs(lab.stateDir, address), `NUMBER=${number} bash -c ${quoted(writer(FILE))}`];
  const child = spawn("ssh", ["-o", "ServerAliveInterval=5", ...words], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const enough = await waitFor(
    LIMIT_SECONDS,
    () => Promise.resolve(numbersIn(lines).unflushed >= UNFLUSHED),
    10,
  );
  const before = numbersIn(lines);
  try {
    if (!enough)
      throw new LabError(
        `${device}: the flush control did not write: ${JSON.stringify(lines.slice(-3).join("; "))}`,
      );
    return { before, result: await cut() };
  } finally {
    child.kill("SIGKILL");
  }
}

/** What a device's disk has now. */
export async function readNumbers(lab: RunningLab, device: string): Promise<Numbers> {
  return numbersIn((await lab.ask(device, reader(FILE))).split("\n"));
}

/** Removes the control's files. */
export async function removeNumbers(lab: RunningLab, device: string): Promise<void> {
  await lab.ask(device, `rm -f ${FILE} ${FILE}.flushed`);
}
