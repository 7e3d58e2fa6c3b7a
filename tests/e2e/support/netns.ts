import { existsSync, readFileSync, writeFileSync } from "node:fs";

import { x } from "tinyexec";

async function must(command: string, args: string[], stdin?: string): Promise<string> {
  const result = await x(command, args, { throwOnError: false, ...(stdin === undefined ? {} : { stdin }) });
  if (result.exitCode !== 0) throw new Error(`${command} ${args.join(" ")}: ${result.stderr.trim()}`);
  return result.stdout;
}

/**
 * A network namespace with NAT to the host: the lab's bridge, its DHCP server and all test traffic live inside it.
 * libvirtd must run in it too, so this needs a host without systemd's libvirtd; elsewhere commands run on the host.
 */
export class TestNetwork {
  readonly isolated = !existsSync("/run/systemd/system");
  private readonly name = `edgelab-e2e-${process.pid}`;
  private readonly outside = `el${process.pid % 100000}o`;
  private readonly inside = `el${process.pid % 100000}i`;
  private forwarding: string | undefined;

  /** Prefix that runs a command inside. */
  get prefix(): string[] {
    return this.isolated ? ["ip", "netns", "exec", this.name] : [];
  }

  /** Command that lists the processes inside, one id per line: others on the host are not the lab's. */
  get processes(): string {
    return this.isolated ? `ip netns pids ${this.name}` : "ps -eo pid=";
  }

  async up(): Promise<void> {
    if (!this.isolated) return;
    await must("ip", ["netns", "add", this.name]);
    await must("ip", [
      "link",
      "add",
      this.outside,
      "type",
      "veth",
      "peer",
      "name",
      this.inside,
      "netns",
      this.name,
    ]);
    await must("ip", ["addr", "add", "10.213.77.1/30", "dev", this.outside]);
    await must("ip", ["link", "set", this.outside, "up"]);
    await must("ip", ["-n", this.name, "addr", "add", "10.213.77.2/30", "dev", this.inside]);
    for (const link of [this.inside, "lo"]) await must("ip", ["-n", this.name, "link", "set", link, "up"]);
    await must("ip", ["-n", this.name, "route", "add", "default", "via", "10.213.77.1"]);
    this.forwarding = readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8");
    writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
    const rules = `table ip ${this.name} { chain post { type nat hook postrouting priority 100; ip saddr 10.213.77.2 masquerade; }; }`;
    await must("nft", ["-f", "-"], rules);
  }

  async down(): Promise<void> {
    if (!this.isolated) return;
    await must("ip", ["netns", "del", this.name]);
    await must("nft", ["delete", "table", "ip", this.name]);
    if (this.forwarding !== undefined) writeFileSync("/proc/sys/net/ipv4/ip_forward", this.forwarding);
  }
}
