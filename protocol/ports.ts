/**
 * TCP ports that more than one program has to know. Files that cannot read this one (units, nftables, firewalld, shell)
 * repeat them; tests/unit/protocol/facts.test.ts holds each of those to what stands here.
 */
export const PORTS = {
  /** Default of the container registry, on the host's bridge address. Devices pull the app, the host pushes it. */
  registry: 5000,
  /** Default of the depot, on the same address. Devices pull commits and report, people open the status page. */
  depot: 8000,
  /** The app on the virtual IP: systemd's socket listens, clients and the lab's own probes connect. */
  app: 8080,
  /** The app's container on a device's loopback: podman publishes it, the socket's proxy connects. */
  appContainer: 8081,
  /** A new image of the app that is tried beside the old one, on a device's loopback; `app-update` asks it. */
  appTrial: 8082,
  /** The container that the scenario scale-from-zero starts by hand, on a device's loopback, to measure podman. */
  appMeasure: 8089,
  /** The web server inside the app's image; podman forwards the three above to it. */
  appInside: 80,
  /** The host's web console (cockpit), where the backend is osbuild. People open it. */
  webConsole: 9090,
} as const;

/** URL of the app on the virtual IP. */
export function appUrl(vip: string): string {
  return `http://${vip}:${PORTS.app}/`;
}

/** URL of the content server. @param host the host's address on the lab's bridge */
export function contentUrl(host: string, port: number): string {
  return `http://${host}:${port}`;
}
