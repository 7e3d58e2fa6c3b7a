/** Prints a line of a password file for the registry: htpasswd.ts USER, with the password on standard input. */
import { readFileSync } from "node:fs";

import { hashSync } from "bcryptjs";

/** Work factor (log2 of rounds): the password is random, so a guess is hopeless already; each request pays for this. */
const ROUNDS = 4;

function printEntry(): void {
  const user = process.argv[2];
  const password = readFileSync(0, "utf8");
  if (user === undefined || password.length < 32)
    throw new Error("usage: htpasswd.ts USER, with at least 32 characters on standard input");
  process.stdout.write(`${user}:${hashSync(password, ROUNDS)}\n`);
}

printEntry();
