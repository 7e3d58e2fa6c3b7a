import type * as pulumi from "@pulumi/pulumi";

import { canonicalJson } from "./contentHash";
import type { RemoteConnection } from "./remoteHost";

/**
 * Makes every Command of a component and its children run on another host: the same script, verb, input and
 * environment, through assets/host/remote.sh. One additional variable describes the connection.
 */
export function runOnRemote(remote: RemoteConnection): pulumi.ResourceTransformation {
  const connection = canonicalJson(remote);
  return ({ type, props, opts }) => {
    if (type !== "command:local:Command") return undefined;
    const inputs = props as {
      create: string;
      delete?: string;
      environment: Record<string, pulumi.Input<string>>;
    };
    const there = (text: string): string => text.replace(/^exec /, "exec ./assets/host/remote.sh ");
    return {
      opts,
      props: {
        ...inputs,
        create: there(inputs.create),
        ...(inputs.delete === undefined ? {} : { delete: there(inputs.delete) }),
        environment: { ...inputs.environment, EDGE_REMOTE: connection },
      },
    };
  };
}
