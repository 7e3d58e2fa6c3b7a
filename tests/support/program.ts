import { createHash } from "node:crypto";
import { createRequire } from "node:module";

import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";

import { SECRET_AREAS } from "../../lib/secretKeys";

/** The part of a registration request that the tests use. */
interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getCustom(): boolean;
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
  getPropertydependenciesMap(): { entries(): Iterable<[string, { getUrnsList(): string[] }]> };
  getDependenciesList(): string[];
  getDeletebeforereplace(): boolean;
  getAdditionalsecretoutputsList(): string[];
  getIgnorechangesList(): string[];
  getCustomtimeouts(): { getCreate(): string; getUpdate(): string; getDelete(): string } | undefined;
}

/** A resource as the program registered it. Secret inputs keep their wrapping, see {@link isSecret}. */
export interface Registration {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** Name of the parent; empty at the top. */
  readonly parent: string;
  readonly custom: boolean;
  readonly inputs: Record<string, unknown>;
  /** For each input, the names of the resources whose outputs it uses. */
  readonly uses: Record<string, string[]>;
  readonly dependencies: string[];
  readonly deleteBeforeReplace: boolean;
  readonly additionalSecretOutputs: string[];
  readonly ignoreChanges: string[];
  /** Timeouts for create, update and delete. */
  readonly timeouts: readonly string[];
}

/** Result of one run of the program. */
export interface ProgramRun {
  readonly resources: readonly Registration[];
  /** Resolved stack outputs; undefined for values unknown in a preview. */
  readonly outputs: Record<string, unknown>;
  /** Names of the stack outputs that are secret. */
  readonly secretOutputs: string[];
}

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** True for an input that the engine keeps encrypted. */
export function isSecret(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && (value as Record<string, unknown>)[SIGNATURE] === SECRET
  );
}

/** A value with secrets unwrapped at any depth. */
export function plain(value: unknown): unknown {
  if (isSecret(value)) return plain((value as { value: unknown }).value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
}

/**
 * The stand-in provider: finds the stand-in for a resource, and throws for an unknown one. The function that it returns
 * adds outputs to the inputs; a preview never calls it.
 */
export type StandIn = (type: string, inputs: Record<string, unknown>) => () => object;

const nameOf = (urn: string): string => urn.split("::").pop() ?? "";

let recorded: Registration[] = [];
let current: Registration | undefined;

function describeRequest(req: Request, urn: string): Registration {
  const uses = [...req.getPropertydependenciesMap().entries()].map(([key, deps]): [string, string[]] => [
    key,
    deps.getUrnsList().map(nameOf).sort(),
  ]);
  const timeouts = req.getCustomtimeouts();
  return {
    urn,
    type: req.getType(),
    name: req.getName(),
    parent: nameOf(req.getParent()),
    custom: req.getCustom(),
    inputs: req.getObject()?.toJavaScript() ?? {},
    uses: Object.fromEntries(uses),
    dependencies: req.getDependenciesList().map(nameOf),
    deleteBeforeReplace: req.getDeletebeforereplace(),
    additionalSecretOutputs: req.getAdditionalsecretoutputsList(),
    ignoreChanges: req.getIgnorechangesList(),
    timeouts: [timeouts?.getCreate(), timeouts?.getUpdate(), timeouts?.getDelete()].map((t) => t ?? ""),
  };
}

// Mocks see only type, name, inputs and provider; the request itself has the rest.
interface Monitor {
  registerResource(req: Request, callback: unknown): Promise<void>;
  newUrn(parent: string, type: string, name: string): string;
}
const monitor = MockMonitor.prototype as unknown as Monitor;
// eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its own `this` below
const { registerResource } = monitor;
monitor.registerResource = function (this: Monitor, req, callback) {
  current = describeRequest(req, this.newUrn(req.getParent(), req.getType(), req.getName()));
  recorded.push(current);
  return registerResource.call(this, req, callback);
};

/** Engine behaviour that mocks lack: secret inputs, and outputs declared secret, stay secret. */
function state(registration: Registration, outputs: object): Record<string, unknown> {
  const all = { ...registration.inputs, ...outputs } as Record<string, unknown>;
  const secret = (key: string): boolean =>
    isSecret(registration.inputs[key]) || registration.additionalSecretOutputs.includes(key);
  return Object.fromEntries(
    Object.entries(all).map(([key, value]) => [
      key,
      secret(key) ? pulumi.secret(plain(value)) : plain(value),
    ]),
  );
}

async function resolved(value: unknown): Promise<unknown> {
  if (!pulumi.Output.isInstance(value)) return value;
  const output = pulumi.output(value) as unknown as {
    promise(withUnknowns: boolean): Promise<unknown>;
    isKnown: Promise<boolean>;
  };
  return (await output.isKnown) ? output.promise(true) : undefined;
}

/**
 * Runs index.ts with a mocked runtime.
 * @param options.config values as from `pulumi config set`, on top of the stack file
 * @param options.standIn the stand-in provider
 * @param options.stack whose Pulumi.STACK.yaml it reads; default `dev`
 */
export async function runProgram(options: {
  standIn: StandIn;
  config?: Record<string, unknown>;
  stack?: string;
  preview?: boolean;
  /** Folder of a backend that has the stack's state; default: none, as before the first run. */
  backend?: string;
}): Promise<ProgramRun> {
  const preview = options.preview === true;
  // Tests must not see a lab of this checkout.
  process.env["PULUMI_BACKEND_URL"] = `file://${options.backend ?? "/nonexistent"}`;
  recorded = [];
  const errors: unknown[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        const registration = current;
        if (registration?.name !== args.name)
          throw new Error(`another registration came between: ${args.name}`);
        if (!registration.custom) return { id: undefined, state: state(registration, {}) };
        try {
          const outputs = options.standIn(args.type, plain(registration.inputs) as Record<string, unknown>);
          return preview
            ? { id: undefined, state: state(registration, {}) }
            : { id: `${args.name}-id`, state: state(registration, outputs()) };
        } catch (e) {
          errors.push(e);
          throw e;
        }
      },
      call: (args) => {
        const error = new Error(`the program called ${args.token}`);
        errors.push(error);
        throw error;
      },
    },
    "edge-lab",
    options.stack ?? "dev",
    preview,
  );
  pulumi.runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(options.config ?? {}).map(([key, value]) => [
        `edge-lab:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
    SECRET_AREAS.map((key) => `edge-lab:${key}`),
  );
  const requireHere = createRequire(__filename);
  const program = requireHere.resolve("../../index");
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- each run is a program of its own
  delete requireHere.cache[program];
  const main = requireHere(program) as () => Promise<Record<string, unknown>>;
  const exported = await main();
  const outputs: Record<string, unknown> = {};
  const secretOutputs: string[] = [];
  for (const [name, value] of Object.entries(exported)) {
    outputs[name] = await resolved(value);
    if (pulumi.Output.isInstance(value) && (await pulumi.isSecret(value))) secretOutputs.push(name);
  }
  await pulumi.runtime.disconnect();
  if (errors.length > 0) throw errors[0] as Error;
  return { resources: recorded, outputs, secretOutputs };
}

/** A checksum derived from a text, for stand-ins of commits and images. */
export function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
