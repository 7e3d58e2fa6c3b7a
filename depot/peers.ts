import { ageSeconds, type Fleet } from "./rollout";
import { entry } from "./records";

/**
 * Devices report twice a minute, and before and after a reboot. One that was silent for longer than this is off: when
 * it comes back, it asks for its peers before it may own the virtual IP.
 */
export const RECENT_SECONDS = 120;

/**
 * Whether every other device that has reported recently lists this one, at `address`, as a peer. Only then do they send
 * it advertisements, and believe those that it sends. A device whose image does not tell its peers counts as if it did:
 * it takes them with each reply.
 */
export function knownToPeers(device: string, address: string, { lab, devices, now }: Fleet): boolean {
  return lab.devices
    .filter(({ name }) => name !== device)
    .every(({ name }) => {
      const received = entry(devices, name);
      const age = received ? ageSeconds(received, now) : Infinity;
      // A clock that was set back makes an age negative, and says nothing.
      if (!received || age > RECENT_SECONDS || age < 0) return true;
      return received.report.peers?.includes(address) ?? true;
    });
}
