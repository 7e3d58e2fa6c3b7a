import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";

import { DepotBox, DEPOT_LAB, DEPOT_URL, needsDepot } from "../support/depotBox";
import { eventually } from "../support/sandbox";

const CLIENT = "192.0.2.7";
/** Lines of the access log of the previous version, of 10 bytes each answer. */
const lines = (...names: string[]): string =>
  names.map((name) => `1795000000.5 ${CLIENT} 200 10 GET /repo/objects/${name}\n`).join("");
const count = (files: number): object => ({ files, bytes: 10 * files, requests: files });

/** As the previous version left it: the state beside the sockets, nginx's folder www-data's, one log that it rotated. */
describe("a lab of the previous version", () => {
  let box: DepotBox;
  before(function () {
    needsDepot(this);
  });
  beforeEach(() => {
    box = new DepotBox();
    mkdirSync(box.path("depot/web/tmp"), { recursive: true });
    mkdirSync(box.path("log"));
    writeFileSync(box.path("depot/web/nginx.conf"), "# the old one\n");
    writeFileSync(box.path("depot/web/nginx.pid"), "1\n");
    writeFileSync(box.path("log/depot.log"), "what was counted before\n");
  });
  afterEach(() => box.remove());

  const log = (suffix = ""): string => box.path(`depot/web/access.log${suffix}`);
  /** The state, with so many files counted, up to the offset in that log. */
  const counted = (files: number, file: string, offset: number): void => {
    const seen = "2026-11-01T00:00:00.000Z";
    const kinds = { object: count(files), delta: count(0), meta: count(0) };
    const state = {
      lab: DEPOT_LAB,
      rollout: null,
      halts: {},
      locks: { default: { id: "edge-device-1", device: "edge-device-1", since: seen } },
      devices: {},
      total: count(files),
      clients: { [CLIENT]: { ...count(files), kinds, firstSeen: seen, lastSeen: seen } },
      log: { inode: statSync(file).ino, offset },
    };
    writeFileSync(box.path("depot/state.json"), JSON.stringify(state), { mode: 0o600 });
    box.ok(["chown", "-R", "www-data", box.path("depot/web")]);
  };
  const files = (): number => {
    const clients = box.json<{ client: string; files: number }[]>("/v1/clients");
    return clients.find(({ client }) => client === CLIENT)?.files ?? 0;
  };
  const converges = (expected: number): void => {
    box.apply();
    eventually("the rest is counted", () => files() === expected);
    box.apply();
    assert.equal(files(), expected);
    const [holder] = box.json<{ holders: { device: string }[] }>("/v1/lock").holders;
    assert.equal(holder?.device, "edge-device-1");
    assert.ok(!existsSync(box.path("depot/state.json")) && !existsSync(box.path("depot/uncounted.new")));
    assert.deepEqual(readdirSync(box.path("depot/web")), ["nginx.conf"]);
    assert.equal(statSync(box.path("depot/web")).uid, 0);
    assert.match(box.read("log/depot.log"), /^what was counted before$/m);
    assert.equal(box.code(`${DEPOT_URL}/repo/config`), "200");
  };

  it("is taken over with one apply: locks and counts stay, and what was not counted yet counts once", () => {
    writeFileSync(log(), lines("a", "b"));
    const { size } = statSync(log());
    appendFileSync(log(), lines("c", "d", "e"));
    counted(2, log(), size);
    converges(5);
  });

  it("whose log was just put aside loses no line of either", () => {
    writeFileSync(log(".1"), lines("a", "b", "c"));
    writeFileSync(log(), lines("d", "e"));
    counted(2, log(".1"), lines("a", "b").length);
    converges(5);
  });

  it("whose log was put aside long ago counts no line twice", () => {
    writeFileSync(log(".1"), lines("a", "b", "c"));
    writeFileSync(log(), lines("d", "e"));
    counted(4, log(), lines("d").length);
    converges(5);
  });

  it("is taken over after an apply that was killed in the middle of it", () => {
    writeFileSync(log(), lines("a", "b"));
    counted(1, log(), lines("a").length);
    // The last step was missing: the state had been moved, the rest of the log had not.
    mkdirSync(box.path("depot/data"));
    box.ok(["mv", box.path("depot/state.json"), box.path("depot/data/state.json")]);
    writeFileSync(box.path("depot/uncounted.new"), lines("b"));
    converges(2);
  });

  it("whose nginx put a link where its log was gets nothing of what that names", () => {
    const secret = box.path("secret");
    writeFileSync(secret, lines("x", "y"));
    symlinkSync(secret, log());
    counted(1, secret, 0);
    converges(1);
  });
});
