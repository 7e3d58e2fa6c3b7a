import { existsSync } from "node:fs";

import { labContext, type LabContext } from "../../client/context";
import { DepotClient } from "../../client/depotClient";
import { inState } from "../../protocol/paths";
import { isWell } from "../../protocol/report";
import { oneLine } from "../../protocol/text";
import type { ClientView, DeviceView } from "../../protocol/status";
import { table } from "../table";
import { print } from "../../client/terminal";

/** One device as `lab status --json` prints it. */
interface DeviceStatus {
  readonly name: string;
  readonly role: string;
  readonly address: string;
  /** Verdict of the running boot. */
  readonly health: string;
  /** False also where the boot is green and the app failed. */
  readonly well: boolean;
  readonly vip: boolean;
  readonly booted: string | null;
  readonly staged: string | null;
  readonly rollback: string | null;
  readonly bootCounter: number | null;
  readonly failedCommits: string[];
  /** A full disk, a damaged state file: what is wrong beside the health. */
  readonly problems: string[];
  readonly app: string | null;
  readonly phase: string | null;
  readonly files: number;
  readonly bytes: number;
  readonly reportedSecondsAgo: number | null;
}

type Deployment = { commit: string; version?: string | null | undefined } | null | undefined;
const label = (d: Deployment): string | null => (d ? `${d.version ?? "?"} ${d.commit.slice(0, 12)}` : null);

function deviceStatus(record: DeviceView, clients: readonly ClientView[]): DeviceStatus {
  const { report } = record;
  const totals = clients.find((c) => c.client === record.address);
  return {
    name: record.name,
    role: record.role,
    address: record.address ?? "",
    health: report?.health ?? "no report",
    well: isWell(report),
    vip: report?.vip ?? false,
    booted: label(report?.booted),
    staged: label(report?.staged),
    rollback: label(report?.rollback),
    bootCounter: report?.bootCounter ?? null,
    failedCommits: [...new Set(report?.failed.map((f) => f.commit.slice(0, 12)) ?? [])],
    problems: report?.problems ?? [],
    app: typeof report?.app === "string" ? oneLine(report.app) : null,
    phase: report?.updatePhase ?? null,
    files: totals?.files ?? 0,
    bytes: totals?.bytes ?? 0,
    reportedSecondsAgo: record.receivedAt
      ? Math.round((Date.now() - Date.parse(record.receivedAt)) / 1000)
      : null,
  };
}

function printTable(ctx: LabContext, devices: readonly DeviceStatus[]): void {
  const head = [
    "DEVICE",
    "ROLE",
    "ADDRESS",
    "HEALTH",
    "VIP",
    "BOOTED",
    "STAGED",
    "ROLLBACK",
    "COUNTER",
    "FAILED",
    "APP",
    "FETCHED",
  ];
  const rows = devices.map((d) => [
    d.name,
    d.role,
    d.address,
    d.health === "green" && !d.well ? "green, app failed" : d.health,
    d.vip ? "yes" : "-",
    d.booted ?? "-",
    d.staged ?? "-",
    d.rollback ?? "-",
    d.bootCounter === null ? "-" : String(d.bootCounter),
    d.failedCommits.join(",") || "-",
    d.app ?? "-",
    `${d.files} files, ${(d.bytes / 1e6).toFixed(1)} MB`,
  ]);
  const { vip } = ctx.config.network;
  print(`stack ${ctx.stack}, target ${ctx.config.targetVersion}, VIP ${vip}\n${table([head, ...rows])}\n`);
}

/** `lab status [--json]`. */
export async function status(options: { json: boolean }): Promise<number> {
  const ctx = labContext();
  const up = existsSync(inState(ctx.stateDir, "adminSocket"));
  if (!up && !options.json) {
    print(`stack ${ctx.stack}: the lab is not up (npm run up builds it)\n`);
    return 0;
  }
  const depot = new DepotClient(ctx.stateDir);
  const clients = up ? await depot.clients() : [];
  const rollout = up ? await depot.rollout() : undefined;
  const devices = up ? (await depot.devices()).map((d) => deviceStatus(d, clients)) : [];
  if (options.json) {
    const { targetVersion, network } = ctx.config;
    const document = {
      stack: ctx.stack,
      up,
      targetVersion,
      vip: network.vip,
      ...(rollout ? { rollout: { state: rollout.state, version: rollout.version } } : {}),
      devices,
    };
    print(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    printTable(ctx, devices);
    for (const { name, problems } of devices) {
      for (const problem of problems) print(`${name}: ${oneLine(problem)}\n`);
    }
    if (rollout?.state === "withdrawn") {
      print(`rollout of ${oneLine(rollout.version ?? "?")} withdrawn; the next npm run up goes on\n`);
    }
  }
  return 0;
}
