import { readFileSync } from "node:fs";
import { join } from "node:path";

import { x } from "tinyexec";

import type { Findings } from "../../lib/drift";
import type { RecordedCommand, StackState } from "../../lib/stackState";
import { inState } from "../../protocol/paths";
import type { DeviceView } from "../../protocol/status";
import { DepotClient, DepotError } from "../depotClient";
import { readyDrift, rolloutDrift } from "./device";
import { libvirtStatus, inactive, objectDrift, SILENT, type LibvirtStatus } from "./libvirt";
import { scriptDrift, scriptOf } from "./scripts";

/** The Command that prepares the host; it starts libvirt's objects that are there but not active. */
const HOST = "host-setup";

/** Where the lab is, as the programs on its host see it. */
export interface DriftSource {
  readonly stateDir: string;
  readonly libvirtUri: string;
  /** The project's folder. */
  readonly root: string;
}

async function askLibvirt(
  { stateDir, libvirtUri, root }: DriftSource,
  state: StackState,
): Promise<LibvirtStatus> {
  const domains = state.objects.filter((o) => o.kind === "domain").map((o) => o.libvirtName);
  const result = await x("./assets/host/libvirt-status.sh", ["status"], {
    throwOnError: false,
    nodeOptions: {
      cwd: root,
      env: {
        ...process.env,
        EDGE_STATE_DIR: stateDir,
        EDGE_LIBVIRT_URI: libvirtUri,
        EDGE_DOMAINS: domains.join(" "),
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  });
  // Without the tools that it needs nothing is known; that they are missing is the host's own drift.
  return result.exitCode === 0 ? libvirtStatus.parse(JSON.parse(result.stdout)) : SILENT;
}

/** What the depot knows about the devices; undefined while it does not answer. */
async function askDepot(stateDir: string): Promise<DeviceView[] | undefined> {
  try {
    return await new DepotClient(stateDir).devices();
  } catch (e) {
    if (e instanceof DepotError) return undefined;
    throw e;
  }
}

function refOf(stateDir: string, ref: string): string | undefined {
  try {
    return readFileSync(join(inState(stateDir, "repo"), "refs", "heads", ref), "utf8").trim();
  } catch {
    return undefined; // the ref's own Command reports that
  }
}

/** Findings for a Command that runs a program, not a host script. */
function programDrift(
  { name, environment }: RecordedCommand,
  libvirt: LibvirtStatus,
  records: readonly DeviceView[] | undefined,
): string[] {
  const { EDGE_WAIT_FOR: step, EDGE_DEVICE: device, EDGE_STATE_DIR: stateDir } = environment;
  if (step === "ready" && device !== undefined) return readyDrift(device, libvirt, records);
  const { EDGE_COMMIT: commit, EDGE_REF: ref } = environment;
  if (name === "os-rollout" && commit !== undefined && ref !== undefined && stateDir !== undefined) {
    return rolloutDrift({ commit, ref: refOf(stateDir, ref) }, records);
  }
  return [];
}

/** A recreated network lacks the devices' leases and interfaces; their enrolment restores them. */
function unplugged(state: StackState, status: LibvirtStatus): [string, string[]][] {
  const gone = state.objects
    .filter((o) => o.kind === "network" && [...objectDrift(o, status), ...inactive([o], status)].length > 0)
    .map((o) => o.libvirtName);
  return [...state.commands.values()]
    .filter(
      ({ name, environment }) =>
        name.endsWith("-enrolment") && gone.includes(environment["EDGE_NETWORK"] ?? ""),
    )
    .map(({ name }): [string, string[]] => [name, ["its network comes back without it"]]);
}

/** Asks every object in the stack's state, concurrently, what is not as declared. Changes nothing. */
export async function findDrift(source: DriftSource, state: StackState): Promise<Findings> {
  if (state.commands.size === 0) return new Map();
  const libvirt = askLibvirt(source, state);
  const records = askDepot(source.stateDir);
  const commands = [...state.commands.values()].map(async (command): Promise<[string, string[]]> => {
    const script = scriptOf(command);
    const found =
      script === undefined
        ? programDrift(command, await libvirt, await records)
        : await scriptDrift(script, command, source.root);
    return [command.name, found];
  });
  const status = await libvirt;
  const all: readonly (readonly [string, readonly string[]])[] = [
    ...(await Promise.all(commands)),
    ...state.objects.map((o): [string, string[]] => [o.name, objectDrift(o, status)]),
    ...unplugged(state, status),
    [HOST, inactive(state.objects, status)],
  ];
  const findings = new Map<string, readonly string[]>();
  for (const [name, found] of all) {
    if (found.length > 0) findings.set(name, [...(findings.get(name) ?? []), ...found]);
  }
  return findings;
}
