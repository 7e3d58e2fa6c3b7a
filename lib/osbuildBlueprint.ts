import { GUEST } from "../protocol/names";
import type { Blueprint } from "./blueprint";
import { hashFiles } from "./contentHash";
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
  builder: "debian" | "osbuild",
  { blueprint, release }: BuilderInput,
  kickstartUser: string,
): BuilderInput {
  if (builder === "debian") return { blueprint, release };
  const { customizations } = blueprint;
  const { user, firewall } = customizations;
  const hash = hashFiles(process.cwd(), GUEST_SOURCES).slice(0, 12);
  const guest = { name: GUEST.package, version: `${release.version}-1.${hash}` };
  return {
    blueprint: {
      ...blueprint,
      customizations: {
        ...customizations,
        user: user.filter((u) => u.name !== kickstartUser),
        firewall: {
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
