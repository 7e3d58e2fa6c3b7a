import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";

import { z } from "zod";

import { installSeconds, readConsole } from "../../client/console";
import { labContext, type LabContext } from "../../client/context";
import { LabError } from "../../client/labError";
import { inState } from "../../protocol/paths";
import { print } from "../../client/terminal";

/** One row of the table. */
interface Figure {
  readonly what: string;
  readonly seconds: number;
  readonly goal: string;
  readonly how: string;
}

const record = z.object({
  version: z.string(),
  seconds: z.number(),
  timings: z.record(z.string(), z.number()),
});

/** Runs one of the project's npm scripts and measures its duration. */
async function timed(script: string): Promise<number> {
  const begun = Date.now();
  const status = await new Promise<number>((resolve, reject) => {
    const child = spawn("npm", ["run", "-s", script], { stdio: ["ignore", process.stderr, process.stderr] });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
  if (status !== 0) throw new LabError(`npm run ${script} ended with status ${status}; nothing is measured`);
  return (Date.now() - begun) / 1000;
}

function composes(ctx: LabContext): Figure[] {
  const dir = inState(ctx.stateDir, "releases");
  return readdirSync(dir)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => {
      const { version, seconds, timings } = record.parse(JSON.parse(readFileSync(join(dir, name), "utf8")));
      const parts = Object.entries(timings).map(([part, s]) => `${part} ${s}`);
      const goal = version === ctx.config.releases[0]?.version ? "1.5 x mmdebstrap" : "15 s";
      return {
        what: `compose ${version}`,
        seconds,
        goal,
        how: `the builder's own clock: ${parts.join(", ")}`,
      };
    });
}

function installs(ctx: LabContext): Figure[] {
  return ctx.config.devices.flatMap(({ name }) => {
    const seconds = installSeconds(readConsole(ctx.stateDir, name));
    if (seconds === undefined) return [];
    return [
      {
        what: `install ${name}`,
        seconds,
        goal: "70 s",
        how: "uptime at the installer's last line, on its console",
      },
    ];
  });
}

/** `npm run bench [-- --fresh]`: destroys the lab, builds it, and prints figures for the README. */
export async function bench(options: { fresh: boolean }): Promise<number> {
  const ctx = labContext();
  if (ctx.host.remote)
    throw new LabError("bench measures a lab on this host; fix: run it on the lab's own host");
  if (existsSync(ctx.stateDir)) await timed("destroy");
  if (options.fresh) {
    rmSync(ctx.cacheDir, { recursive: true, force: true });
    rmSync(join(ctx.root, "node_modules", ".edge-lab"), { recursive: true, force: true });
  } else rmSync(join(ctx.cacheDir, "debian"), { recursive: true, force: true });
  const figures: Figure[] = [
    {
      what: options.fresh ? "`npm run up`, no caches" : "`npm run up`, toolchain and packages present",
      seconds: await timed("up"),
      goal: options.fresh ? "20 min" : "10 min",
      how: options.fresh ? "after `npm run clean`" : "image caches removed before",
    },
    ...composes(ctx),
    ...installs(ctx),
    { what: "`npm run up`, nothing to change", seconds: await timed("up"), goal: "5 s", how: "right after" },
    { what: "`npm run destroy`", seconds: await timed("destroy"), goal: "20 s", how: "of the whole lab" },
  ];
  const rows = figures.map((f) => `| ${f.what} | ${f.seconds.toFixed(1)} s | ${f.goal} | ${f.how} |`);
  print(
    `${cpus().length} cores, ${cpus()[0]?.model ?? "?"}\n\n| what | measured | goal | how |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`,
  );
  return 0;
}
