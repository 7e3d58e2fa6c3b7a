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
/** Numbers that are written and not flushed before the cut; one takes about 0.2 s without KVM. */
const UNFLUSHED = 12;
const LIMIT_SECONDS = 120;

/**
 * Block 0 is flushed, block 1 never. Each number is read back past the page cache before it is printed. An overwrite in
 * place changes no metadata that the file system would flush at once.
 */
const WRITER = `set -eu
put() { printf '%4096d' "$1" | dd of=${FILE} bs=4096 count=1 seek="$2" iflag=fullblock oflag=direct conv="$3" status=none; }
got() { dd if=${FILE} bs=4096 count=1 skip="$1" iflag=direct status=none | tr -d ' '; }
rm -f ${FILE}
printf '%8192d' 0 | dd of=${FILE} bs=8192 count=1 iflag=fullblock conv=fsync status=none
put "$NUMBER" 0 notrunc,fsync
echo "flushed $(got 0)"
n=0
while n=$((n + 1)); do put "$n" 1 notrunc; echo "unflushed $(got 1)"; done`;

const READER = `for i in 0 1; do dd if=${FILE} bs=4096 count=1 skip=$i iflag=direct status=none | tr -d ' '; echo; done`;

/** What a device's disk has of the two numbers. */
export interface Numbers {
  readonly flushed: number;
  readonly unflushed: number;
}

/** Lines of {@link WRITER} and {@link READER} as numbers. */
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
  const words = [...sshArgs(lab.stateDir, address), `NUMBER=${number} bash -c ${quoted(WRITER)}`];
  const child = spawn("ssh", ["-o", "ServerAliveInterval=5", ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  let error = "";
  child.stderr.on("data", (d: Buffer) => (error += d.toString()));
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const enough = await waitFor(
    LIMIT_SECONDS,
    () => Promise.resolve(lines.filter((l) => l.startsWith("unflushed ")).length >= UNFLUSHED),
    10,
  );
  const before = numbersIn(lines);
  try {
    if (!enough)
      throw new LabError(`${device}: the writer of the flush control did not write: ${error.trim()}`);
    return { before, result: await cut() };
  } finally {
    child.kill("SIGKILL");
  }
}

/** What a device's disk has now. */
export async function readNumbers(lab: RunningLab, device: string): Promise<Numbers> {
  const [flushed = "", unflushed = ""] = (await lab.ask(device, READER)).split("\n");
  return { flushed: Number(flushed || NaN), unflushed: Number(unflushed || NaN) };
}

/** Removes the control's file. */
export async function removeNumbers(lab: RunningLab, device: string): Promise<void> {
  await lab.ask(device, `rm -f ${FILE}`);
}
