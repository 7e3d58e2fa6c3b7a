import { portOfName, portsOfService } from "./portNames";

/** Rule and fix for one entry of `customizations.firewall`. */
export interface PortFault {
  readonly rule: string;
  readonly fix: string;
}

/** An entry of `customizations.firewall.ports`: number, range or name, and protocol. */
export const PORT_FORM = /^([A-Za-z0-9_-]+):(tcp|udp|sctp|dccp)$/;

/** The same in words. */
export const PORT_RULE =
  'is PORT:PROTOCOL, LOW-HIGH:PROTOCOL or NAME:PROTOCOL, with tcp, udp, sctp or dccp, such as "8080:tcp" or "imap:tcp"';

const FORM: PortFault = { rule: PORT_RULE, fix: "write it in one of these forms" };

/**
 * What is wrong with an entry of `ports`; undefined if nothing.
 * @param anyName true where only the image builder knows which names there are
 */
export function portFault(entry: string, anyName: boolean): PortFault | undefined {
  const [, port = "", protocol = ""] = PORT_FORM.exec(entry) ?? [];
  if (port === "") return FORM;
  const [, low, high] = /^([0-9]+)(?:-([0-9]+))?$/.exec(port) ?? [];
  if (low === undefined) {
    // Names of services have a letter and at most 15 characters (RFC 6335, 5.1).
    if (!/[A-Za-z]/.test(port)) return FORM;
    if (anyName || portOfName(port, protocol) !== undefined) return undefined;
    return {
      rule: `names a service of /etc/services that has a port for ${protocol}; ${port} is none`,
      fix: "write the port's number",
    };
  }
  if ([low, high ?? low].some((n) => n.length > 5 || Number(n) < 1 || Number(n) > 65535)) {
    return { rule: "has ports from 1 to 65535", fix: "write a port in that range" };
  }
  if (high !== undefined && Number(low) > Number(high)) {
    return {
      rule: "is a range from the lower port to the higher one",
      fix: `write ${high}-${low}:${protocol}`,
    };
  }
  return undefined;
}

/** What is wrong with a service's name; undefined if nothing. */
export function serviceFault(service: string, anyName: boolean): PortFault | undefined {
  if (anyName || portsOfService(service)) return undefined;
  return {
    rule: "names a service of firewalld or /etc/services whose ports the lab knows",
    fix: "write its ports under customizations.firewall.ports",
  };
}

/** A valid entry of `ports` with a number in place of a name. */
export function numericPort(entry: string): string {
  const [port = "", protocol = ""] = entry.split(":");
  return /^[0-9-]+$/.test(port)
    ? `${plain(port)}:${protocol}`
    : `${portOfName(port, protocol) ?? port}:${protocol}`;
}

/** Ports without leading zeros. */
function plain(port: string): string {
  return port.split("-").map(Number).join("-");
}
