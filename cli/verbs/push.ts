import { x } from "tinyexec";

import { labContext } from "../../client/context";
import { hostProgram } from "../../client/hostProgram";
import { LabError } from "../../client/labError";

/**
 * `lab push NAME:TAG [SOURCE]`: pushes an image to the lab's registry. Without a source it is the archive on standard
 * input. The next `up` puts back what the stack declares.
 */
export async function push(image: string, source = "-"): Promise<number> {
  if (source === "-" && process.stdin.isTTY)
    throw new LabError(`nothing to push; fix: podman save IMAGE | npm run lab -- push ${image}`);
  const { command, args, env } = hostProgram(labContext(), ["./assets/host/push.sh", image, source]);
  const { exitCode } = await x(command, args, {
    throwOnError: false,
    nodeOptions: { stdio: "inherit", env: { ...process.env, ...env } },
  });
  return exitCode ?? 1;
}
