import { checksum, type StandIn } from "./program";

type Env = Record<string, string>;
type Script = (env: Env, stdin: string) => unknown;

export const PRIVATE_KEY =
  "-----BEGIN OPENSSH PRIVATE KEY-----\nprivate-part\n-----END OPENSSH PRIVATE KEY-----\n";
export const PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx5nV0a2h0cHM6Ly9naXQ edge-lab";
export const PASSWORD = "generated-password";

interface ComposeRequest {
  readonly version: string;
  readonly ref: string;
  readonly parent: { readonly commit: string } | null;
  readonly packages: { readonly name: string }[];
  readonly addPackages: string[];
  readonly inputHash: string;
}

/** The answer of each host script; the program may run no other commands. */
const scripts: Record<string, Script> = {
  "./assets/host/edge-host.sh": (env) => ({
    libvirtUri: env["EDGE_LIBVIRT_URI"],
    stateDir: env["EDGE_STATE_DIR"],
    libvirt: "9.0.0",
    webConsole: "https://192.168.76.1:9090",
  }),
  "./assets/host/bridge.sh": (env) => ({
    bridge: env["EDGE_BRIDGE"],
    address: "10.20.30.5",
    router: "10.20.30.254",
    nameservers: ["10.20.30.253", "10.20.30.254"],
  }),
  "./assets/host/registry.sh": (env) => ({
    address: `${env["EDGE_GATEWAY"] ?? ""}:${env["EDGE_REGISTRY_PORT"] ?? ""}`,
  }),
  "./assets/host/app-image.sh": (env) => ({
    digest: `sha256:${checksum(env["EDGE_APP_SOURCE"] ?? env["EDGE_APP_TAG"] ?? "")}`,
    image: `${env["EDGE_REGISTRY"] ?? ""}/httpd`,
  }),
  "./assets/host/depot.sh": (env) => ({
    contentUrl: `http://${env["EDGE_GATEWAY"] ?? ""}:${env["EDGE_DEPOT_PORT"] ?? ""}`,
  }),
  "./assets/host/blueprint.sh": (_, stdin) => ({
    name: "RFE",
    version: /^version = "(.+)"$/m.exec((JSON.parse(stdin) as { blueprint: string }).blueprint)?.[1],
  }),
  "./assets/host/commit.sh": (_, stdin) => {
    const { version, ref, parent, packages, addPackages, inputHash } = JSON.parse(stdin) as ComposeRequest;
    return {
      version,
      commit: checksum(inputHash),
      parent: parent?.commit ?? null,
      ref,
      packageCount: 200 + packages.length,
      added: addPackages.map((name) => ({ name, version: "1" })),
      removed: [],
      changed: [],
      sizeBytes: 400_000_000,
    };
  },
  "./assets/host/publish.sh": (env) => ({ ref: env["EDGE_REF"] }),
  "./assets/host/ssh-key.sh": () => ({ privateKey: PRIVATE_KEY, publicKey: PUBLIC_KEY }),
  "./assets/host/iso.sh": (env) => ({
    path: `${env["EDGE_STATE_DIR"] ?? ""}/iso/edge-${env["EDGE_ROLE"] ?? ""}.iso`,
  }),
  "./assets/host/accelerator.sh": () => ({ accelerator: "tcg", cores: 2 }),
  "./assets/host/enrol.sh": (env) => ({ console: `/console/${env["EDGE_DEVICE"] ?? ""}.log` }),
  "./assets/host/node.sh operations/device/main.ts": (env) => ({
    device: env["EDGE_DEVICE"],
    [env["EDGE_WAIT_FOR"] ?? ""]: true,
  }),
  "./assets/host/node.sh operations/settings/main.ts": (env) => ({
    device: env["EDGE_DEVICE"],
    settings: true,
  }),
  "./assets/host/node.sh operations/app/main.ts": (env) => ({ digest: env["EDGE_DIGEST"] }),
  "./assets/host/node.sh operations/rollout/main.ts": (env, stdin) => ({
    devices: (JSON.parse(stdin) as { devices: { name: string }[] }).devices.map(({ name }) => ({
      name,
      version: env["EDGE_VERSION"],
      commit: env["EDGE_COMMIT"],
    })),
  }),
};

/** Answers like host, libvirt and random generator; throws for anything else. */
export const standIn: StandIn = (type, inputs) => {
  switch (type) {
    case "command:local:Command": {
      const run = /^exec (.+) apply$/.exec(String(inputs["create"]))?.[1] ?? "";
      const script = scripts[run];
      if (!script) throw new Error(`no stand-in for the command ${String(inputs["create"])}`);
      return () => {
        const answer = script(inputs["environment"] as Env, inputs["stdin"] as string);
        return { stdout: JSON.stringify(answer), stderr: "" };
      };
    }
    case "random:index/randomPassword:RandomPassword":
      return () => ({ result: PASSWORD });
    case "random:index/randomString:RandomString":
      return () => ({ result: "0123456789abcdef" });
    case "pulumi:providers:libvirt":
    case "libvirt:index/network:Network":
    case "libvirt:index/pool:Pool":
    case "libvirt:index/volume:Volume":
    case "libvirt:index/domain:Domain":
      return () => ({});
    default:
      throw new Error(`no stand-in for a resource of type ${type}`);
  }
};
