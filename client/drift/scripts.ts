import { spawn } from "node:child_process";

import { z } from "zod";

import type { RecordedCommand } from "../../lib/stackState";

/** If `status` takes longer than this, a part hangs. Milliseconds. */
const LIMIT_MS = 30_000;
const APPLY = /^exec (?:\.\/assets\/host\/remote\.sh )?(\.\/assets\/host\/[a-z-]+\.sh) apply$/;

const answer = z.looseObject({ drift: z.array(z.string()) });

/** The host script behind a Command; undefined if the Command runs a program instead. */
export function scriptOf(command: RecordedCommand): string | undefined {
  return APPLY.exec(command.create)?.[1];
}

/** Reads the output of `status`: its last line is the answer. */
export function readStatus(printed: string): string[] {
  try {
    return answer.parse(JSON.parse(printed.trim().split("\n").pop() ?? "")).drift;
  } catch {
    return [`its status cannot be read: ${JSON.stringify(printed.trim().slice(-200))}`];
  }
}

/** Asks a host script, with its Command's recorded environment, what is not as declared. */
export function scriptDrift(script: string, command: RecordedCommand, root: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(script, ["status"], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...command.environment },
      timeout: LIMIT_MS,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(readStatus(stdout));
      else if (signal) resolve([`its status takes longer than ${LIMIT_MS / 1000} s`]);
      else resolve([`its status ended with ${code}: ${stderr.trim().slice(-200)}`]);
    });
  });
}
