import { existsSync } from "node:fs";
import { basename } from "node:path";

import { x } from "tinyexec";

import { askApp } from "../../client/appProbe";
import { labContext } from "../../client/context";
import { DepotClient } from "../../client/depotClient";
import { registryAddress } from "../../client/registryAddress";
import { APP } from "../../protocol/names";
import { inState } from "../../protocol/paths";
import { appUrl } from "../../protocol/ports";
import { appFailure } from "../../protocol/report";
import { oneLine } from "../../protocol/text";
import { diskUsage, mebibytes } from "./caches";
import { print } from "../../client/terminal";

interface Finding {
  readonly ok: boolean;
  readonly what: string;
  /** What to do if it is not well. */
  readonly fix?: string;
}

const DEVICES_FIX =
  "npm run lab -- console DEVICE --log shows why a boot is not green; an app that failed mends itself once the registry answers; a full disk needs room: npm run lab -- ssh DEVICE";

async function check(what: string, fix: string, probe: () => Promise<string>): Promise<Finding> {
  try {
    return { ok: true, what: oneLine(`${what}: ${await probe()}`) };
  } catch (e) {
    return { ok: false, what: oneLine(`${what}: ${e instanceof Error ? e.message : String(e)}`), fix };
  }
}

/** `lab doctor`: checks each part in turn; exit status 1 if one of them is not well. */
export async function doctor(): Promise<number> {
  const ctx = labContext();
  const { config, stateDir, cacheDir } = ctx;
  const again = "npm run up converges from wherever the lab is";
  const findings: Finding[] = [
    {
      ok: true,
      what: `caches: ${cacheDir}: ${existsSync(cacheDir) ? mebibytes(diskUsage(cacheDir)) : "none"} (npm run clean removes them)`,
    },
    await check("libvirt", again, async () => {
      const result = await x("virsh", ["-q", "-c", config.libvirtUri, "version"], { throwOnError: false });
      if (result.exitCode !== 0) throw new Error(result.stderr.trim().split("\n")[0] ?? "no answer");
      return /Running hypervisor: (.*)/.exec(result.stdout)?.[1] ?? "answers";
    }),
  ];
  if (existsSync(inState(stateDir, "applied"))) {
    const depot = new DepotClient(stateDir);
    findings.push(
      await check("depot", again, async () => `answers, ${(await depot.devices()).length} devices known`),
      await check("registry", again, async () => {
        const response = await fetch(`http://${registryAddress(stateDir)}/v2/`, {
          signal: AbortSignal.timeout(5000),
        });
        if (!response.ok) throw new Error(`answered ${response.status}`);
        return "answers";
      }),
      await check("devices", DEVICES_FIX, async () => {
        const devices = await depot.devices();
        const ill = devices.flatMap(({ name, report }) => {
          if (report?.health !== "green") return name;
          const why = appFailure(report);
          if (why !== undefined) return `${name} (the app failed: ${why})`;
          return report.problems.length === 0 ? [] : `${name} (${report.problems.join("; ")})`;
        });
        const owners = devices.filter((d) => d.report?.vip).map((d) => d.name);
        if (ill.length > 0) throw new Error(`not healthy: ${ill.join(", ")}`);
        if (owners.length !== 1) throw new Error(`the VIP has ${owners.length} owners`);
        return `all healthy, the VIP is on ${owners[0]}`;
      }),
      await check(
        "app",
        `npm run lab -- ssh DEVICE -- systemctl --user status ${basename(APP.service, ".service")}`,
        async () => {
          const answer = await askApp(appUrl(config.network.vip));
          if (!answer.ok) throw new Error(answer.text);
          return `answered in ${answer.seconds.toFixed(1)} s`;
        },
      ),
    );
  } else findings.push({ ok: true, what: `stack ${ctx.stack}: the lab is not up` });
  for (const { ok, what, fix } of findings) {
    print(`${ok ? "ok  " : "BAD "} ${what}${fix ? `\n     fix: ${fix}` : ""}\n`);
  }
  return findings.every((f) => f.ok) ? 0 : 1;
}
