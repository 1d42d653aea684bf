import { createHash } from "node:crypto";

/** A program that the server runs as one step. */
export interface Script {
  readonly source: string;
  /** What the server knows it by once it has seen it. */
  readonly sha1: string;
}

/** A program in Lua. */
export function script(source: string): Script {
  return { source, sha1: createHash("sha1").update(source).digest("hex") };
}

/**
 * Runs a program by its name, so that it need not be sent each time.
 *
 * @param send sends a command
 * @param rest how many keys, the keys, the arguments
 */
export async function runScript<T>(
  { sha1, source }: Script,
  send: (args: [name: string, script: string, ...T[]]) => Promise<unknown>,
  rest: readonly T[],
): Promise<unknown> {
  try {
    return await send(["EVALSHA", sha1, ...rest]);
  } catch (error) {
    // The server has not seen the script yet, or has been started since. Sending it makes it known.
    if (!String((error as Error | undefined)?.message).startsWith("NOSCRIPT")) throw error;
    return await send(["EVAL", source, ...rest]);
  }
}
