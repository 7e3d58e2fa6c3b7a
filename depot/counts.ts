import type { ClientCounts, Count, Kind } from "../protocol/counts";
import { entry } from "./records";

/** One line of the access log. */
export interface Access {
  readonly time: number;
  readonly client: string;
  readonly status: number;
  readonly bytes: number;
  readonly method: string;
  readonly path: string;
}

/** Clients beyond this number share one entry: addresses must not fill the memory. */
export const MAX_CLIENTS = 4096;
export const OTHER_CLIENTS = "others";

const none = (): Count => ({ files: 0, bytes: 0, requests: 0 });

export function kindOf(path: string): Kind {
  if (path.startsWith("/repo/objects/")) return "object";
  if (path.startsWith("/repo/deltas/")) return "delta";
  return "meta";
}

/** Reads `msec client status bytes method path`; a line that is not that (cut off by a crash) is undefined. */
export function parseAccess(line: string): Access | undefined {
  const [time, client, status, bytes, method, ...path] = line.split(" ");
  if (!client || !method || path.length === 0) return undefined;
  const access = {
    time: Number(time) * 1000,
    client,
    status: Number(status),
    bytes: Number(bytes),
    method,
    path: path.join(" "),
  };
  return Number.isFinite(access.time + access.status + access.bytes) ? access : undefined;
}

function add(count: Count, access: Access): void {
  count.requests += 1;
  count.bytes += access.bytes;
  if (access.status === 200 || access.status === 206) count.files += access.method === "HEAD" ? 0 : 1;
}

/** The running counts: in total, and of each client by kind. Adding a request costs the same however many there are. */
export class Counts {
  constructor(
    readonly total: Count = none(),
    readonly clients: Record<string, ClientCounts> = {},
    private known = Object.keys(clients).length,
  ) {}

  add(access: Access): void {
    add(this.total, access);
    const client = this.client(access);
    add(client, access);
    add(client.kinds[kindOf(access.path)], access);
  }

  private client(access: Access): ClientCounts {
    const seen = new Date(access.time).toISOString();
    let counts = entry(this.clients, access.client);
    const name = counts || this.known < MAX_CLIENTS ? access.client : OTHER_CLIENTS;
    counts ??= entry(this.clients, name);
    if (!counts) {
      counts = {
        ...none(),
        kinds: { object: none(), delta: none(), meta: none() },
        firstSeen: seen,
        lastSeen: seen,
      };
      this.clients[name] = counts;
      this.known += 1;
    }
    counts.lastSeen = seen;
    return counts;
  }
}

/** The running count as it is printed after each request. */
export function countLine(access: Access, total: Count): string {
  const time = new Date(access.time).toISOString().replace(/\.\d+Z$/, "Z");
  return `${time} ${access.client} ${access.method} ${access.path} ${access.status} files=${total.files} bytes=${total.bytes}`;
}
