import { GUEST } from "../protocol/names";
import type { Builder } from "./blueprintRefusals";
import type { Blueprint, Customizations } from "./blueprintSchema";
import { withIds } from "./blueprintUsers";
import { hashFiles } from "./contentHash";
import { numericPort } from "./firewallPorts";
import { portsOfService } from "./portNames";
import type { Release } from "./releases";

/** Sources of the package. */
const GUEST_SOURCES = ["assets/guest", "assets/builders/osbuild/guest"];

/** A blueprint and a release in the form that a backend accepts. */
export interface BuilderInput {
  readonly blueprint: Blueprint;
  readonly release: Release;
}

/**
 * The blueprint and a release in the form that a backend accepts. osbuild can add packages to an image, but files only
 * below /etc, so the lab's own files are a package, which requires greenboot and everything else that a device runs.
 * Its version is the release's plus a hash of its files, so that the builder never uses an older one from its cache.
 * @param kickstartUser left out: Anaconda does not set password or keys of a user that the image already has
 */
export function builderInput(
  builder: Builder,
  { blueprint, release }: BuilderInput,
  kickstartUser: string,
): BuilderInput {
  if (builder === "debian") return { blueprint, release };
  const customizations = withIds(blueprint.customizations);
  const { user, sshkey, firewall } = customizations;
  const hash = hashFiles(process.cwd(), GUEST_SOURCES).slice(0, 12);
  const guest = { name: GUEST.package, version: `${release.version}-1.${hash}` };
  return {
    blueprint: {
      ...blueprint,
      customizations: {
        ...customizations,
        user: user.filter((u) => u.name !== kickstartUser),
        ...(sshkey ? { sshkey: sshkey.filter((k) => k.user !== kickstartUser) } : {}),
        firewall: {
          ...firewall,
          ports: firewall?.ports ?? [],
          services: {
            enabled: [...(firewall?.services?.enabled ?? []), GUEST.firewallService],
            disabled: firewall?.services?.disabled ?? [],
          },
        },
      },
    },
    release: { ...release, packages: [...release.packages, guest] },
  };
}

/** Customizations as the debian backend's `compose` takes them: the firewall as numbers. */
export type DebianCustomizations = Omit<Customizations, "firewall"> & {
  readonly firewall: {
    /** `PORT:PROTOCOL` or `LOW-HIGH:PROTOCOL`. */
    readonly accept: readonly string[];
    readonly drop: readonly string[];
  };
};

/** The customizations for the debian backend, which resolves no names: those of the host or mirror could differ. */
export function debianCustomizations({ customizations }: Blueprint): DebianCustomizations {
  const { firewall, ...rest } = customizations;
  const ports = (services: readonly string[] = []): string[] =>
    services.flatMap((name) => portsOfService(name) ?? []);
  return {
    ...rest,
    firewall: {
      accept: [...(firewall?.ports ?? []).map(numericPort), ...ports(firewall?.services?.enabled)],
      drop: ports(firewall?.services?.disabled),
    },
  };
}
