import { createHash } from "node:crypto";

import { XMLParser } from "fast-xml-parser";

/** The owner of an object on the host: a stack, and the state directory that belongs to it alone. */
export interface Owner {
  readonly stack: string;
  /** On the lab's host; absolute. */
  readonly stateDir: string;
}

/** Namespace of the element that libvirt keeps in a domain's and a network's `<metadata>`. */
export const OWNER_NAMESPACE = "urn:edge-lab:owner:1";

/** Identifies a state directory in 16 characters that need no escaping anywhere; also in assets/host/lib/owner.sh. */
export function ownerId(stateDir: string): string {
  return createHash("sha256").update(stateDir).digest("hex").slice(0, 16);
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text as an attribute of an XML document. */
export function xmlAttribute(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ENTITIES[c] ?? c);
}

/** Text as libvirt itself writes it in an attribute or a path. */
export function xmlText(text: string): string {
  return xmlAttribute(text).replace(/'/g, "&apos;");
}

/** The element that names the owner, as it stands in `<metadata>`. */
export function ownerElement({ stack, stateDir }: Owner): string {
  return (
    `<edge-lab:owner xmlns:edge-lab="${OWNER_NAMESPACE}" id="${ownerId(stateDir)}" ` +
    `stack="${xmlAttribute(stack)}" stateDirectory="${xmlAttribute(stateDir)}"/>`
  );
}

const parser = new XMLParser({
  ignoreAttributes: false,
  removeNSPrefix: true,
  attributeNamePrefix: "",
  // libvirt writes non-ASCII characters as numeric references.
  htmlEntities: true,
});

/** The owner that an object's XML names; undefined if it names none. */
export function ownerIn(xml: string): Owner | undefined {
  const root: unknown = Object.values(parser.parse(xml) as Record<string, unknown>)[0];
  const element = (root as { metadata?: { owner?: Record<string, unknown> } } | undefined)?.metadata?.owner;
  const stack = element?.["stack"];
  const stateDir = element?.["stateDirectory"];
  return typeof stack === "string" && typeof stateDir === "string" ? { stack, stateDir } : undefined;
}

/** The XSLT that adds the owner to a network's XML, because the provider has no argument for metadata. */
export function networkXslt(owner: Owner): string {
  // Braces are special in attributes of a literal result element.
  const element = ownerElement(owner).replace(/[{}]/g, (c) => c + c);
  return `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output omit-xml-declaration="yes" indent="yes"/>
<xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
<xsl:template match="/network/name"><xsl:copy-of select="."/><metadata>${element}</metadata></xsl:template>
</xsl:stylesheet>
`;
}
