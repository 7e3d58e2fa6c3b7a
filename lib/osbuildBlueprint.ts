import { GUEST } from "../protocol/names";
import type { Blueprint } from "./blueprint";
import { hashFiles } from "./contentHash";
import type { Release } from "./releases";

/** What the package is made of. */
const GUEST_SOURCES = ["assets/guest", "assets/builders/osbuild/guest"];

/** A blueprint and a release as a backend takes them. */
export interface BuilderInput {
  readonly blueprint: Blueprint;
  readonly release: Release;
}

/**
 * The blueprint and a release as a backend takes them. osbuild puts packages into an image, and files only below
 * /etc, so there the lab's own part is a package: it requires greenboot and all else that a device runs. Its version
 * is the release's, with a hash of its files, so that an older one in a cache of the builder never passes for it.
 * @param kickstartUser Anaconda leaves a user alone that the image has already, password and keys included
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
