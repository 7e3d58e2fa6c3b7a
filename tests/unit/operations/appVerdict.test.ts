import assert from "node:assert/strict";

import type { DeviceApp } from "../../../operations/app/deviceApp";
import { judgeApp } from "../../../operations/app/verdict";

const OLD = "sha256:old";
const NEW = "sha256:new";

const device = (name: string, change: Partial<DeviceApp> = {}): DeviceApp => ({
  name,
  image: NEW,
  refused: "",
  container: "",
  ...change,
});
const judge = (states: DeviceApp[], more: { owner?: string; answered?: boolean } = {}): string => {
  const { owner = "d1", answered = true } = more;
  const verdict = judgeApp({ states, owner: owner || undefined, digest: NEW, answered });
  return `${verdict.kind} ${verdict.device ?? "-"}: ${verdict.text}`;
};

describe("whether the app is served", () => {
  it("is when all have the image and the owner runs it", () => {
    const states = [device("d1", { container: NEW }), device("d2")];
    assert.equal(judge(states), "served d1: served by d1");
    assert.equal(
      judge([device("d1"), device("d2", { container: NEW })], { owner: "d2" }),
      "served d2: served by d2",
    );
  });

  it("waits for whoever has not got it, whoever cannot be asked, and a container of before", () => {
    const serving = device("d1", { container: NEW });
    assert.match(judge([serving, device("d2", { image: OLD })]), /^waiting d2: not yet fetched by d2/);
    assert.match(judge([device("d1", { image: "" }), device("d2", { image: "" })]), /fetched by d1, d2/);
    assert.match(
      judge([device("d1", { container: OLD }), device("d2")]),
      /^waiting d1: d1 still runs another/,
    );
    assert.match(judge([serving, device("d2")], { answered: false }), /^waiting d1: the VIP does not answer/);
    assert.match(judge([serving, device("d2")], { owner: "" }), /^waiting -: no device owns the VIP/);
  });

  it("ends with the device that refuses it; what was refused before counts for nothing", () => {
    const refusing = device("d2", { image: OLD, refused: NEW });
    assert.match(judge([device("d1", { container: NEW }), refusing]), /^refused d2: d2 refused/);
    const before = device("d2", { refused: OLD });
    assert.match(judge([device("d1", { container: NEW }), before]), /^served/);
  });
});
