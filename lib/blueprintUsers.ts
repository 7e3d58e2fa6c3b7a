import { OPERATOR } from "../protocol/names";
import type { Builder } from "./blueprintRefusals";
import type { Blueprint, Customizations } from "./blueprintSchema";
import type { KickstartArgs } from "./kickstart";

/** The operator's account as a kickstart makes it. */
export interface OperatorAccount {
  readonly groups: string[];
  readonly description?: string;
  readonly shell?: string;
}

/**
 * The operator's account, with what the blueprint says of it. Debian's image has the account already.
 * @param adminGroup the group that may use sudo
 */
export function operatorAccount(
  { customizations }: Blueprint,
  builder: Builder,
  adminGroup: string,
): OperatorAccount {
  const user = customizations.user.find((u) => u.name === OPERATOR.name);
  if (builder === "debian" || !user) return { groups: [adminGroup] };
  return {
    groups: [...new Set([adminGroup, ...user.groups])],
    ...(user.description ? { description: user.description } : {}),
    ...(user.shell === undefined ? {} : { shell: user.shell }),
  };
}

/** Public keys that the blueprint gives the operator, by `user` or `sshkey`, without those in `known`. */
export function operatorKeys({ customizations }: Blueprint, known: readonly string[]): string[] {
  const { user, sshkey = [] } = customizations;
  const texts = [
    ...user.filter((u) => u.name === OPERATOR.name).map((u) => u.key ?? ""),
    ...sshkey.filter((k) => k.user === OPERATOR.name).map((k) => k.key),
  ];
  const lines = texts.flatMap((text) => text.split("\n")).map((line) => line.trim());
  return [...new Set(lines)].filter((line) => line !== "" && !known.includes(line));
}

/** Time zone, language and keyboard, which an installer would set otherwise. */
export function systemOf({
  customizations: { timezone, locale },
}: Blueprint): NonNullable<KickstartArgs["system"]> {
  const language = locale?.languages?.[0];
  return {
    ...(timezone?.timezone === undefined ? {} : { timezone: timezone.timezone }),
    ...(language === undefined ? {} : { language }),
    ...(locale?.keyboard === undefined ? {} : { keyboard: locale.keyboard }),
  };
}

/**
 * Customizations whose users and groups all have a number, as the image builder needs: it would give the operator's to
 * the first user or group without one. The order in the blueprint decides.
 */
export function withIds(customizations: Customizations): Customizations {
  const { user, group } = customizations;
  const taken = new Set<number>([OPERATOR.uid]);
  for (const u of user) for (const id of [u.uid, u.gid]) if (id !== undefined) taken.add(id);
  for (const g of group ?? []) if (g.gid !== undefined) taken.add(g.gid);
  const next = (): number => {
    let id = OPERATOR.uid + 1;
    while (taken.has(id)) id++;
    taken.add(id);
    return id;
  };
  return {
    ...customizations,
    user: user.map((u) => ({ ...u, uid: u.uid ?? next() })),
    ...(group ? { group: group.map((g) => ({ ...g, gid: g.gid ?? next() })) } : {}),
  };
}
