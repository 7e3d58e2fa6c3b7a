import assert from "node:assert/strict";

import { scaleToZero } from "../../../client/scaleToZero";
import type { RemoteResult } from "../../../client/ssh";

describe("the app after the lab has asked it", () => {
  const lab = {
    stateDir: "/lab",
    devices: [{ address: "198.51.100.11" }, { address: "198.51.100.12" }],
    appUrl: "http://198.51.100.100:8080/",
  };
  /** Addresses on which the app was stopped, where each device has seen so many connections; null: unreachable. */
  const stopped = async (
    seen: Record<string, number | null>,
    witnesses?: readonly { address: string }[],
  ): Promise<string[]> => {
    const stops: string[] = [];
    const run = (_: string, address: string, command: string): Promise<RemoteResult> => {
      const count = seen[address] ?? null;
      if (count === null) return Promise.resolve({ exitCode: 255, stdout: "", stderr: "no route" });
      if (command.includes("systemctl")) {
        stops.push(address);
        return Promise.resolve({ exitCode: 0, stdout: "", stderr: "" });
      }
      // grep's status where it counts none is 1.
      return Promise.resolve({ exitCode: count > 0 ? 0 : 1, stdout: `${count}\n`, stderr: "" });
    };
    await scaleToZero(lab, witnesses, run);
    return stops;
  };

  it("goes to zero on every device where nobody else did", async () => {
    assert.deepEqual(await stopped({ "198.51.100.11": 1, "198.51.100.12": 0 }), [
      "198.51.100.11",
      "198.51.100.12",
    ]);
  });

  it("goes on everywhere while somebody uses it on one: the virtual IP may just have moved", async () => {
    assert.deepEqual(await stopped({ "198.51.100.11": 2, "198.51.100.12": 240 }), []);
  });

  it("counts what devices saw that it is not to stop", async () => {
    const third = { address: "198.51.100.13" };
    const seen = { "198.51.100.11": 0, "198.51.100.12": 0, "198.51.100.13": 9 };
    assert.deepEqual(await stopped(seen, [...lab.devices, third]), []);
    assert.equal((await stopped(seen)).length, 2);
  });

  it("does not wait for a device that cannot be reached", async () => {
    assert.deepEqual(await stopped({ "198.51.100.11": null, "198.51.100.12": 0 }), ["198.51.100.12"]);
  });
});
