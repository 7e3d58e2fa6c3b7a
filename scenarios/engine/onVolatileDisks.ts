import { cutWhileWriting, readNumbers, removeNumbers, type Numbers } from "./flushControl";
import type { PowerSupply } from "./powerSupply";
import type { Random } from "./random";
import type { Figures, Run } from "./scenario";
import { VolatilePower } from "./volatilePower";
import type { Loss } from "./volatileCache";

/** Cuts of the control on a volatile disk. */
const ATTEMPTS = 3;

/**
 * Moves every device to a disk whose unflushed writes are lost with the power, runs `rounds` there, and moves them back.
 * The first device's way there and one more cut are the control: its own disk loses nothing, the volatile one does.
 */
export async function onVolatileDisks(
  run: Run,
  random: Random,
  rounds: (power: PowerSupply) => Promise<void>,
): Promise<Figures> {
  const { lab } = run;
  const losses: Loss[] = [];
  const power = new VolatilePower(run, () => {
    const loss = random.tenths(0, 1) < 0.5 ? "all" : "half";
    losses.push(loss);
    return loss;
  });
  await power.prepare();
  const first = await lab.follower();
  const lost = await control(run, power, first);
  for (const name of lab.names.filter((n) => n !== first)) await power.take(name);
  await rounds(power);
  await removeNumbers(lab, first);
  await power.giveAllBack();
  const halves = losses.filter((loss) => loss === "half").length;
  return { "acknowledged writes lost by the control": lost, "cuts that lost about half": halves };
}

/** Returns how many writes the control lost. */
async function control(run: Run, power: VolatilePower, device: string): Promise<number> {
  const { lab, timeline, invariants } = run;
  const told = (before: Numbers, after: Numbers): string =>
    `write ${before.unflushed} was on the disk before the cut, ${after.unflushed} after it`;
  const plain = { flushed: NaN, unflushed: NaN };
  await power.take(device, async () => {
    const { before } = await cutWhileWriting(lab, device, 1, () => lab.power("destroy", device));
    timeline.mark(device, "power cut", "control, its own disk");
    Object.assign(plain, before);
  });
  const kept = await readNumbers(lab, device);
  invariants.hold(
    "control: a cut on the device's own disk loses no write",
    kept.flushed === plain.flushed && kept.unflushed >= plain.unflushed,
    told(plain, kept),
  );
  // Something else on the device may flush just before the cut: that proves nothing, so it is tried again.
  for (let attempt = 1; ; attempt++) {
    const number = 1 + attempt;
    const { before, result: powerOn } = await cutWhileWriting(lab, device, number, () =>
      power.cut(device, "all"),
    );
    timeline.mark(device, "power cut", "control, volatile disk");
    const since = Date.now();
    await powerOn();
    await power.healthy(device, since);
    const after = await readNumbers(lab, device);
    invariants.equal("control: what was flushed survives the cut", after.flushed, number);
    const lost = before.unflushed - after.unflushed;
    if (lost <= 0 && attempt < ATTEMPTS) continue;
    invariants.hold("control: what was not flushed is lost with the power", lost > 0, told(before, after));
    return lost;
  }
}
