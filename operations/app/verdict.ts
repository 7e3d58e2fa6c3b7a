import type { DeviceApp } from "./deviceApp";

/** Whether the right image is served; `device` is the one that failed or is not done. */
export interface AppVerdict {
  readonly kind: "served" | "waiting" | "refused";
  readonly text: string;
  readonly device?: string;
}

/** Served means: every device has the image, the owner of the virtual IP runs it, and the app answers. */
export function judgeApp(seen: {
  readonly states: readonly DeviceApp[];
  readonly owner: string | undefined;
  readonly digest: string;
  readonly answered: boolean;
}): AppVerdict {
  const { states, owner, digest, answered } = seen;
  const refusing = states.find((s) => s.refused === digest);
  if (refusing) {
    return {
      kind: "refused",
      device: refusing.name,
      text: `${refusing.name} refused the image: it did not answer`,
    };
  }
  const without = states.filter((s) => s.image !== digest);
  if (without[0]) {
    return {
      kind: "waiting",
      device: without[0].name,
      text: `not yet fetched by ${without.map((s) => s.name).join(", ")}`,
    };
  }
  const serving = states.find((s) => s.name === owner);
  if (!serving) return { kind: "waiting", text: "no device owns the VIP" };
  if (!answered) return { kind: "waiting", device: serving.name, text: "the VIP does not answer" };
  if (serving.container !== digest) {
    return { kind: "waiting", device: serving.name, text: `${serving.name} still runs another image` };
  }
  return { kind: "served", device: serving.name, text: `served by ${serving.name}` };
}
