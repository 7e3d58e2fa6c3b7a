import assert from "node:assert/strict";

import { DepotBox, DEPOT_URL, needsDepot } from "../support/depotBox";
import { GATEWAY } from "../support/sandbox";

describe("what a client may take of the content server", () => {
  let box: DepotBox;
  before(function () {
    needsDepot(this);
    box = new DepotBox();
    box.apply();
  });
  after(() => {
    box.remove();
  });

  it("no name but the lab's own address is served, and none is echoed", () => {
    const answer = (path: string, host: string): string =>
      box.run(["curl", "-s", "-m", "5", "-D", "-", "-H", `Host: ${host}`, DEPOT_URL + path]).stdout;
    const foreign = [
      "evil.example",
      "evil.example:8000",
      `${GATEWAY}.evil.example`,
      `${GATEWAY}:80`,
      `x${GATEWAY}:8000`,
    ];
    foreign.push(
      GATEWAY.replaceAll(".", "x"),
      "localhost",
      "_",
      "",
      "depot",
      `${GATEWAY}:8000:8000`,
      `${GATEWAY}.`,
    );
    for (const host of foreign) {
      for (const path of ["/", "/repo/config", "/repo/objects", "/v1/devices"]) {
        const text = answer(path, host);
        assert.match(text, /^HTTP\/1\.1 4(21|00) /, `${host} ${path}`);
        assert.ok(host.length < 3 || !text.includes(host), text);
      }
    }
    for (const host of [GATEWAY, `${GATEWAY}:8000`]) {
      assert.match(answer("/repo/config", host), /^HTTP\/1\.1 200 /);
      assert.match(answer("/repo/objects", host), /^Location: \/repo\/objects\/\r$/m);
    }
  });

  it("refuses a line, a header or a body that is too long, and more requests to the API than anyone needs", () => {
    assert.equal(box.code(`${DEPOT_URL}/repo/${"x".repeat(5000)}`), "414");
    assert.equal(box.code("-H", `X-Long: ${"x".repeat(5000)}`, `${DEPOT_URL}/repo/config`), "400");
    assert.equal(box.code("-d", "x".repeat(70_000), `${DEPOT_URL}/v1/report`), "413");
    const many =
      'for i in {1..600}; do echo "url=$1/v1/totals"; echo output=/dev/null; done | curl -sZ --parallel-max 4 -w "%{http_code}\\n" -K -';
    const start = Date.now();
    const codes = box.ok(["bash", "-c", many, "bash", DEPOT_URL]).stdout.trim().split("\n");
    assert.equal(codes.length, 600);
    assert.ok(codes.filter((code) => code === "200").length >= 200);
    // 200 at once, and 50 a second; a slow host needs seconds to ask so often.
    const most = 201 + (50 * (Date.now() - start)) / 1000;
    const served200 = codes.filter((code) => code === "200").length;
    assert.ok(served200 <= most, `${served200} of at most ${most}`);
    assert.equal(codes.filter((code) => code === "429").length, 600 - served200);
    // The repository is not the API: a device asks for its files as fast as it can.
    const files = many.replace("v1/totals", "repo/config");
    const served = box.ok(["bash", "-c", files, "bash", DEPOT_URL]).stdout.trim().split("\n");
    assert.deepEqual([...new Set(served)], ["200"]);
  });

  it("answers others while one address holds thousands of requests that it does not finish", function () {
    this.timeout("3m");
    const hold = `
const net = require("node:net");
let open = 0, closed = 0;
for (let i = 0; i < 4500; i++) setTimeout(() => {
  const s = net.connect(8000, "${GATEWAY}", () => { open++; s.write("GET / HTTP/1.1\\r\\nHost: x\\r\\n"); });
  s.on("error", () => {}); s.on("close", () => closed++);
}, i / 5);
const { spawnSync } = require("node:child_process");
const ask = () => {
  const start = Date.now();
  const code = spawnSync("curl", ["-s", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}", "${DEPOT_URL}/v1/totals"], { encoding: "utf8" }).stdout;
  const took = Date.now() - start;
  const before = closed;
  setTimeout(() => { console.log(JSON.stringify({ open, code, took, before, closed })); process.exit(); }, 15000);
};
// As soon as nginx has them all; the first are closed after 10 s.
const all = setInterval(() => { if (open >= 4500) { clearInterval(all); setTimeout(ask, 1500); } }, 50);
`;
    const script = `ulimit -n 10000; exec node -e '${hold}'`;
    const result = JSON.parse(box.ok(["bash", "-c", script]).stdout) as Record<string, number | string>;
    assert.ok(Number(result["open"]) >= 4200, JSON.stringify(result));
    assert.equal(result["code"], "200", JSON.stringify(result));
    assert.ok(Number(result["took"]) < 5000, JSON.stringify(result));
    // There is room for all of them.
    assert.equal(result["before"], 0, JSON.stringify(result));
    // They do not stay: a request has 10 s to be complete.
    assert.equal(result["closed"], result["open"], JSON.stringify(result));
  });
});
