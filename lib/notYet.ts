import type { LabConfig } from "./config";
import type { Problem } from "./configErrors";

/** What a stack file may say and this version cannot do: refused by name, never silently done otherwise. */
export function notYet(config: LabConfig): Problem[] {
  const problems: Problem[] = [];
  if (config.network.mode === "lan") {
    problems.push({
      key: "network.mode",
      value: "lan",
      rule: "is nat: joining the host's own network is not in this version",
      fix: "write mode: nat and remove uplink",
    });
  }
  if (config.libvirtUri !== "qemu:///system") {
    problems.push({
      key: "libvirtUri",
      value: config.libvirtUri,
      rule: "is this host's own libvirt: other hosts are not in this version",
      fix: "write qemu:///system, and run the lab on that host",
    });
  }
  return problems;
}
