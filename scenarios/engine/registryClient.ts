import { createHash } from "node:crypto";

import { z } from "zod";

import { LabError } from "../../client/labError";
import type { PushAccess } from "../../client/registryPush";
import { APP } from "../../protocol/names";

const MANIFESTS = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

const manifest = z.looseObject({
  config: z.looseObject({ digest: z.string(), size: z.number(), mediaType: z.string() }),
});
const config = z.looseObject({ config: z.looseObject({}) });

const sha256 = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** One image in the lab's registry; uses the distribution API to move tags and to derive images. */
export class RegistryClient {
  private readonly base: string;

  constructor(
    private readonly access: PushAccess,
    image: string = APP.image,
  ) {
    this.base = `http://${access.address}/v2/${image}`;
  }

  /** Digest that a tag names. */
  async digest(tag: string): Promise<string> {
    const response = await this.call("HEAD", `/manifests/${tag}`, { accept: MANIFESTS.join(", ") });
    return response.headers.get("docker-content-digest") ?? "";
  }

  /** Points `tag` at the image of `source`, a tag or a digest. */
  async tag(source: string, tag: string): Promise<void> {
    const { text, type } = await this.manifest(source);
    await this.call("PUT", `/manifests/${tag}`, { "content-type": type }, text);
  }

  /** Pushes an image with the layers of `source` but another command, as `tag`. Returns its digest. */
  async withCommand(source: string, tag: string, command: readonly string[]): Promise<string> {
    const { text, type } = await this.manifest(source);
    const document = manifest.parse(JSON.parse(text));
    const blob = await this.call("GET", `/blobs/${document.config.digest}`);
    const settings = config.parse(await blob.json());
    const changed = JSON.stringify({
      ...settings,
      config: { ...settings.config, Cmd: command, Entrypoint: null },
    });
    const digest = sha256(changed);
    await this.upload(changed, digest);
    const derived = {
      ...document,
      config: { ...document.config, digest, size: Buffer.byteLength(changed) },
    };
    await this.call("PUT", `/manifests/${tag}`, { "content-type": type }, JSON.stringify(derived));
    return this.digest(tag);
  }

  private async manifest(reference: string): Promise<{ text: string; type: string }> {
    const response = await this.call("GET", `/manifests/${reference}`, { accept: MANIFESTS.join(", ") });
    return { text: await response.text(), type: response.headers.get("content-type") ?? MANIFESTS[0] ?? "" };
  }

  private async upload(text: string, digest: string): Promise<void> {
    const begun = await this.call("POST", "/blobs/uploads/");
    const location = new URL(begun.headers.get("location") ?? "", this.base);
    location.searchParams.set("digest", digest);
    const headers = { "content-type": "application/octet-stream" };
    await this.send("PUT", location.href, headers, text);
  }

  private call(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<Response> {
    return this.send(method, `${this.base}${path}`, headers, body);
  }

  private async send(
    method: string,
    url: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Response> {
    const response = await fetch(url, {
      method,
      headers: { ...headers, authorization: this.access.authorization },
      signal: AbortSignal.timeout(20_000),
      ...(body === undefined ? {} : { body }),
    });
    if (!response.ok) throw new LabError(`registry: ${method} ${url} answered ${response.status}`);
    return response;
  }
}
