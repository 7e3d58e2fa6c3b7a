import { createInterface } from "node:readline/promises";

import { x } from "tinyexec";

import { labContext } from "../../client/context";
import { DepotClient } from "../../client/depotClient";
import { LabError } from "../../client/labError";
import { registryAddress } from "../../client/registryAddress";
import { APP } from "../../protocol/names";
import { inState } from "../../protocol/paths";
import { appUrl, contentUrl } from "../../protocol/ports";
import { print } from "../../client/terminal";
import { printable } from "../../protocol/text";

/** A stop of the tour: what it shows, and the command line for it. */
interface Stop {
  readonly title: string;
  readonly text: string;
  /** As a user would type it. */
  readonly command: string;
}

/** The demonstration's steps, on the running lab. */
export function stops(lab: {
  stateDir: string;
  /** Versions of the first release and of the one that the devices run. */
  versions: readonly [string, string];
  contentUrl: string;
  registryUrl: string;
  appUrl: string;
  owner: string;
}): Stop[] {
  const [first, last] = lab.versions;
  const repo = `ostree --repo=${inState(lab.stateDir, "repo")}`;
  const on = (command: string): string => `npm run -s lab -- ssh ${lab.owner} -- '${command}'`;
  return [
    {
      title: "Releases of one operating system",
      text: "Image builder has composed OSTree commits from a blueprint, each on top of the one before.",
      command: `${repo} log release/${last}`,
    },
    {
      title: `What ${last} changes`,
      text: `Programs that ${first} does not have, or has otherwise.`,
      command: `${repo} diff release/${first} release/${last} | grep -E '/usr/s?bin/' | head -n 12`,
    },
    {
      title: "The content server",
      text: "Devices pull from here. It counts files and bytes, by client.",
      command: `curl -fsS ${lab.contentUrl}/v1/totals`,
    },
    {
      title: "The container registry",
      text: `Two versions of a small web app, and the tag ${APP.tag} that names one of them.`,
      command: `curl -fsS ${lab.registryUrl}/v2/${APP.image}/tags/list`,
    },
    {
      title: "The devices",
      text: "They have installed themselves from one ISO a role, and report health, deployments and the virtual IP.",
      command: "npm run -s lab -- status",
    },
    {
      title: "A device from within",
      text: "An immutable system with two deployments: the one that runs, and the one to go back to.",
      command: on("sudo ostree admin status"),
    },
    {
      title: "The app is at zero until it is asked for",
      text: "The socket on the virtual IP is there; the container is started by the first request.",
      command: on(`podman ps; systemctl --user list-sockets --no-pager ${APP.proxySocket}`),
    },
    {
      title: "The first request",
      text: "It waits for the container, and is answered.",
      command: `curl -fsS ${lab.appUrl}`,
    },
    {
      title: "Health decides about upgrades",
      text: "greenboot's checks of this boot, from its journal. A boot that is not green is tried three times, then undone.",
      command: on("sudo journalctl -b -u greenboot-healthcheck.service --no-pager -o cat"),
    },
  ];
}

/** `lab tour`: walks through the lab step by step; without a terminal it does not wait. */
export async function tour(): Promise<number> {
  const { stateDir, config } = labContext();
  const { vip } = config.network;
  const registry = registryAddress(stateDir);
  const address = registry.slice(0, registry.lastIndexOf(":"));
  const devices = await new DepotClient(stateDir).devices();
  const owner = devices.find((d) => d.report?.vip)?.name ?? config.devices[0]?.name;
  if (owner === undefined) throw new LabError("no device has reported yet; fix: npm run up");
  const list = stops({
    stateDir,
    versions: [config.releases[0]?.version ?? config.targetVersion, config.targetVersion],
    owner,
    contentUrl: contentUrl(address, config.ports.content),
    registryUrl: `http://${registry}`,
    appUrl: appUrl(vip),
  });
  const prompt = process.stdin.isTTY
    ? createInterface({ input: process.stdin, output: process.stdout })
    : undefined;
  let failed = 0;
  for (const [i, stop] of list.entries()) {
    print(`\n[${i + 1}/${list.length}] ${stop.title}\n${stop.text}\n\n  $ ${stop.command}\n`);
    const result = await x("bash", ["-c", stop.command], { throwOnError: false });
    const lines = printable(`${result.stdout}${result.exitCode === 0 ? "" : result.stderr}`)
      .trimEnd()
      .split("\n");
    print(`${lines.map((line) => `  ${line}`).join("\n")}\n`);
    if (result.exitCode !== 0) failed += 1;
    if (prompt && i < list.length - 1) await prompt.question("\n(Enter goes on) ");
  }
  prompt?.close();
  print("\nGo on with npm run lab -- scenario os-upgrade, rollback, failover or scale-from-zero.\n");
  return failed === 0 ? 0 : 1;
}
