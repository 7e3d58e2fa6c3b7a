/**
 * What each room may import from the project, besides itself. docs/ARCHITECTURE.md describes the rooms; a test compares
 * its table with this one.
 */
export const ROOMS = {
  protocol: [],
  lib: ["protocol"],
  depot: ["protocol"],
  components: ["protocol", "lib"],
  client: ["protocol", "lib"],
  operations: ["protocol", "lib", "client"],
  scenarios: ["protocol", "lib", "client", "operations"],
  cli: ["protocol", "lib", "client", "scenarios"],
};
const names = Object.keys(ROOMS);

const rooms = Object.entries(ROOMS).map(([room, allowed]) => ({
  name: `${room}-imports`,
  comment: `${room}/ may import ${["its own files", ...allowed.map((name) => `${name}/`)].join(", ")}`,
  severity: "error",
  from: { path: `^${room}/` },
  to: {
    path: `^(${[...names.filter((name) => name !== room && !allowed.includes(name)), "tests"].join("|")})/|^index\\.ts$`,
  },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...rooms,
    {
      name: "no-circles",
      comment: "Arrows go one way.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "scenarios-apart",
      comment: "The engine knows no scenario, and no scenario another.",
      severity: "error",
      from: { path: "^scenarios/(?!(main|catalogue)\\.ts$)" },
      to: { path: "^scenarios/[^/]+\\.ts$" },
    },
    {
      name: "protocol-needs-zod-only",
      comment: "Depot, clients and page share it: it brings nothing with it.",
      severity: "error",
      from: { path: "^protocol/" },
      to: { pathNot: "^protocol/|(^|/)node_modules/zod/" },
    },
    {
      name: "wired-in-index",
      comment:
        "index.ts reads the configuration, asks the lab how it is, and makes the components; nothing else.",
      severity: "error",
      from: { path: "^index\\.ts$" },
      to: {
        path: `^(${names.filter((name) => !["components", "client", "lib", "protocol"].includes(name)).join("|")})/`,
      },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules|^sdks/" },
    enhancedResolveOptions: { extensions: [".ts", ".js", ".d.ts"] },
  },
};
