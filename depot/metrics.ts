import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";

import { KINDS, type Count } from "../protocol/counts";
import { HEALTH } from "../protocol/report";
import type { DeviceView } from "../protocol/status";
import type { Depot } from "./depot";
import * as views from "./views";

/** The depot's numbers for Prometheus, computed when they are asked for. */
export function metrics(depot: Depot): Registry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const served = (field: keyof Count, help: string): Counter =>
    new Counter({
      name: `edge_depot_${field}_total`,
      help,
      labelNames: ["client", "device", "kind"],
      registers,
      collect() {
        this.reset();
        for (const c of views.clients(depot)) {
          for (const kind of KINDS) {
            this.inc({ client: c.client, device: c.device ?? "", kind }, c.kinds[kind][field]);
          }
        }
      },
    });
  served("files", "Files of the repository that were sent.");
  served("bytes", "Bytes of the repository that were sent.");
  served("requests", "Requests to the repository, whatever the answer.");

  new Gauge({
    name: "edge_device_info",
    help: "What each device runs; the value is 1.",
    labelNames: ["device", "role", "commit", "version", "phase"],
    registers,
    collect() {
      this.reset();
      for (const { name, role, report } of views.devices(depot)) {
        if (!report) continue;
        const { commit, version } = report.booted;
        this.set({ device: name, role, commit, version: version ?? "", phase: report.updatePhase ?? "" }, 1);
      }
    },
  });
  new Gauge({
    name: "edge_device_health",
    help: "1 for the state that the device is in.",
    labelNames: ["device", "state"],
    registers,
    collect() {
      this.reset();
      for (const { name, report } of views.devices(depot)) {
        for (const state of HEALTH) this.set({ device: name, state }, report?.health === state ? 1 : 0);
      }
    },
  });
  const perDevice = (name: string, help: string, value: (d: DeviceView) => number | null): Gauge =>
    new Gauge({
      name,
      help,
      labelNames: ["device"],
      registers,
      collect() {
        this.reset();
        for (const device of views.devices(depot)) {
          const number = value(device);
          if (number !== null) this.set({ device: device.name }, number);
        }
      },
    });
  perDevice("edge_device_vip", "1 for a device that says it owns the virtual IP.", (d) =>
    d.report ? Number(d.report.vip) : null,
  );
  perDevice("edge_device_report_age_seconds", "Since the device's last report.", (d) => d.ageSeconds);
  perDevice("edge_device_failed_commits", "Commits that failed on the device.", (d) =>
    d.report ? d.report.failed.length : null,
  );
  new Gauge({
    name: "edge_reboot_lock_held",
    help: "1 for the device that holds the group's reboot lock.",
    labelNames: ["group", "device"],
    registers,
    collect() {
      this.reset();
      for (const { group, device } of views.lock(depot).holders) this.set({ group, device }, 1);
    },
  });
  new Gauge({
    name: "edge_rollout_halted",
    help: "Commits whose rollout is halted.",
    registers,
    collect() {
      this.set(views.lock(depot).halted.length);
    },
  });
  return registry;
}
