/** The commands behind `npm run up|preview|destroy|clean|lab`. */
import { Command } from "commander";

import { BlueprintError } from "../lib/blueprint";
import { ConfigError } from "../lib/configErrors";
import { LabError } from "../client/labError";
import type { ScenarioWords } from "./verbs/scenario";
import { printError } from "../client/terminal";

type Action = (...args: string[]) => Promise<number>;

/** Each verb's module is loaded on demand: `npm run up` must not wait for modules that only `status` needs. */
function program(run: (action: Promise<number>) => void): Command {
  const lab = new Command("lab").description("Edge Lab: one host as a complete edge operating-system lab");
  const extra = "[pulumi-options...]";
  const passing = (name: string, description: string, action: Action): void => {
    lab
      .command(`${name} ${extra}`)
      .description(description)
      .allowUnknownOption()
      .action((options: string[]) => run(action(...options)));
  };
  passing("up", "build the lab and take it to the target version", async (...options) =>
    (await import("./verbs/deploy.js")).up(options),
  );
  passing("preview", "show what up would do", async (...options) =>
    (await import("./verbs/deploy.js")).preview(options),
  );
  passing("destroy", "remove the lab", async (...options) =>
    (await import("./verbs/deploy.js")).destroy(options),
  );
  lab
    .command("recover")
    .description("mend what a run that was killed left behind (up, preview and destroy do so themselves)")
    .option("--preview", "start nothing for that")
    .option("--libvirt", "start libvirt's daemon, also where nothing is to be mended")
    .action(({ preview = false, libvirt = false }: { preview?: boolean; libvirt?: boolean }) =>
      run(import("./verbs/deploy.js").then((m) => m.recoverOnly({ preview, libvirt }))),
    );
  lab
    .command("clean")
    .description("remove the caches: base trees, packages, toolchain")
    .action(() => run(import("./verbs/caches.js").then((m) => m.clean())));
  lab
    .command("bench")
    .description("destroy the lab, build it, and print the table of figures")
    .option("--fresh", "without any cache: a fresh machine but for its Debian packages")
    .action((options: { fresh?: boolean }) =>
      run(import("./verbs/bench.js").then((m) => m.bench({ fresh: options.fresh === true }))),
    );
  lab
    .command("status")
    .description("where every device stands")
    .option("--json", "as one JSON document")
    .action((options: { json?: boolean }) =>
      run(import("./verbs/status.js").then((m) => m.status({ json: options.json === true }))),
    );
  lab
    .command("ssh <device> [command...]")
    .description("a shell on a device, or one command: lab ssh DEVICE -- CMD")
    .action((device: string, words: string[]) =>
      run(import("./verbs/shell.js").then((m) => m.ssh(device, words))),
    );
  lab
    .command("console <device>")
    .description("the device's serial console (ctrl-] leaves it)")
    .option("--log", "print what it has said since power-on instead")
    .action((device: string, options: { log?: boolean }) =>
      run(import("./verbs/shell.js").then((m) => m.openConsole(device, options.log === true))),
    );
  lab
    .command("tour")
    .description("go through the lab a step at a time: what there is, and the command that shows it")
    .action(() => run(import("./verbs/tour.js").then((m) => m.tour())));
  lab
    .command("scenario <name>")
    .description(
      "run a scenario on the running lab, or all that fit: timeline, figures, and whether every invariant held",
    )
    .option("--json", "print the result as one JSON document")
    .option("--seed <n>", "decides all that is random; the same seed replays a run")
    .option("--cuts <n>", "power cuts of power-cut (default 4)")
    .option("--lose-unflushed", "power-cut: what the disk was not told to flush is lost with the power")
    .option("--in <place>", "where panic and hang strike: initramfs or system (default)")
    .action((name: string, options: ScenarioWords) =>
      run(import("./verbs/scenario.js").then((m) => m.scenario(name, options))),
    );
  lab
    .command("lock")
    .description("who holds the reboot lock")
    .option("--release", "end the lock of a holder that does not come back")
    .action((options: { release?: boolean }) =>
      run(import("./verbs/lock.js").then((m) => m.lock({ release: options.release === true }))),
    );
  lab
    .command("retry [device]")
    .description("let a device forget the commits that failed on it, so that it takes them again")
    .option("--all", "every device")
    .action((device: string | undefined, options: { all?: boolean }) =>
      run(import("./verbs/retry.js").then((m) => m.retry(device, { all: options.all === true }))),
    );
  lab
    .command("push <image> [source]")
    .description("push an image as NAME:TAG to the lab's registry: podman save IMAGE | lab push NAME:TAG")
    .action((image: string, source: string | undefined) =>
      run(import("./verbs/push.js").then((m) => m.push(image, source))),
    );
  lab
    .command("logs [name]")
    .description("logs of the lab's own parts; without a name, their list")
    .action((name: string | undefined) => run(import("./verbs/logs.js").then((m) => m.logs(name))));
  lab
    .command("doctor")
    .description("look at host, services, caches and devices for what is wrong")
    .action(() => run(import("./verbs/doctor.js").then((m) => m.doctor())));
  return lab;
}

function report(e: unknown): number {
  const foreseen = e instanceof LabError || e instanceof ConfigError || e instanceof BlueprintError;
  printError(`error: ${foreseen ? e.message : e instanceof Error ? (e.stack ?? e.message) : String(e)}\n`);
  return 1;
}

const end = (action: Promise<number>): void =>
  void action.catch(report).then((status) => {
    process.exitCode = status;
  });

async function main(): Promise<void> {
  const status = await (await import("./remoteVerb.js")).runRemoteVerb(process.argv.slice(2));
  if (status === undefined) program(end).parse();
  else process.exitCode = status;
}

main().catch((e: unknown) => {
  process.exitCode = report(e);
});
