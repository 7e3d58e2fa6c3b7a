import { APP_FACTS, PORT_FACTS } from "./appFacts";
import { DEVICE_FACTS } from "./deviceFacts";
import type { Exemption, Fact } from "./factCheck";
import { HOST_FACTS, STATE_FACTS } from "./hostFacts";

const HOST = "assets/host";
const GUEST_FILES = "assets/guest";

/** Every fact of protocol/ that another language repeats, with the places that do. */
export const FACTS: readonly Fact[] = [
  ...PORT_FACTS,
  ...APP_FACTS,
  ...DEVICE_FACTS,
  ...HOST_FACTS,
  ...STATE_FACTS,
];

/** What looks like one of them and is not. */
export const NOT_THE_FACT: readonly Exemption[] = [
  { text: /\b(?:timeout|sleep)\(\d+\)/, why: "milliseconds" },
  { file: "lib/firewallPorts.ts", text: /'is PORT:PROTOCOL[^']*'/, why: "how a user writes a port" },
  { file: "lib/portNames.ts", text: /[a-z][\w-]*=\d+\/[a-z+]+/, why: "the registered names of ports" },
  { file: `${GUEST_FILES}/usr/lib/edge/nftables.d/README`, text: /tcp dport \d+ accept/, why: "an example" },
  { file: "assets/app/base/apache2.conf", text: /\/run\/httpd\.pid/, why: "Apache's own name" },
  { file: "scenarios/damagedStorage.ts", text: /-name httpd/, why: "Apache's program" },
  { file: `${HOST}/lib/app-base-dnf.sh`, text: /\bhttpd\b/, why: "Apache's package, program and folder" },
  { file: `${HOST}/lib/libvirtd.sh`, text: /libvirtd-admin\.socket/, why: "libvirt's own" },
];
