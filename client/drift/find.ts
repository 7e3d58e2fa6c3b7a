import { readFileSync } from "node:fs";
import { join } from "node:path";

import { x } from "tinyexec";

import type { Findings } from "../../lib/drift";
import type { RecordedCommand, RecordedObject, StackState } from "../../lib/stackState";
import { inState } from "../../protocol/paths";
import type { DeviceView } from "../../protocol/status";
import { DepotClient, DepotError } from "../depotClient";
import { readyDrift, rolloutDrift } from "./device";
import { consequences, type Finding } from "./consequences";
import { diskDrift } from "./disks";
import { libvirtStatus, inactive, objectDrift, type LibvirtStatus } from "./libvirt";
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
): Promise<LibvirtStatus | undefined> {
  const names = (kind: RecordedObject["kind"]): string =>
    state.objects
      .filter((o) => o.kind === kind)
      .map((o) => o.libvirtName)
      .join(" ");
  const result = await x("./assets/host/libvirt-status.sh", ["status"], {
    throwOnError: false,
    nodeOptions: {
      cwd: root,
      env: {
        ...process.env,
        EDGE_STATE_DIR: stateDir,
        EDGE_LIBVIRT_URI: libvirtUri,
        EDGE_DOMAINS: names("domain"),
        EDGE_NETWORKS: `${names("network")} ${names("pool")}`,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  });
  // Without the tools that it needs nothing is known; that they are missing is the host's own drift.
  return result.exitCode === 0 ? libvirtStatus.parse(JSON.parse(result.stdout)) : undefined;
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
    return undefined;
  }
}

/** Findings for a Command that runs a program, not a host script. */
function programDrift(
  { name, environment }: RecordedCommand,
  libvirt: LibvirtStatus | undefined,
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

/** Asks every object in the stack's state, concurrently, what is not as declared. Changes nothing. */
export async function findDrift(source: DriftSource, state: StackState): Promise<Findings> {
  if (state.commands.size === 0) return new Map();
  const libvirt = askLibvirt(source, state);
  const records = askDepot(source.stateDir);
  const made = [...state.commands.values()].filter((c) => c.pendingReplacement !== true);
  const commands = made.map(async (command): Promise<Finding> => {
    const script = scriptOf(command);
    const found =
      script === undefined
        ? programDrift(command, await libvirt, await records)
        : await scriptDrift(script, command, source.root);
    return [command.name, found];
  });
  const status = await libvirt;
  const ofLibvirt = status
    ? [
        ...state.objects.map((o): Finding => [o.name, objectDrift(o, status)]),
        ...diskDrift(state, status),
        [HOST, inactive(state.objects, status)] as const,
      ]
    : [];
  const findings = new Map<string, readonly string[]>();
  const add = ([name, found]: Finding): void => {
    if (found.length > 0) findings.set(name, [...(findings.get(name) ?? []), ...found]);
  };
  [...(await Promise.all(commands)), ...ofLibvirt].forEach(add);
  consequences(findings, state, status).forEach(add);
  return findings;
}
