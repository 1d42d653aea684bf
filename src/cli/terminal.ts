/*
 * DESIGN. What a command sees of the outside: where it writes, how wide and colourful that is, what the environment says, what time
 * it is, and whether there is somebody to ask. Commands are functions of their arguments and of a Terminal; tests make one that
 * keeps what was written.
 */
import type { Readable, Writable } from "node:stream";

/** Where a command writes. */
export interface Output {
  /** Writes text. Never throws: a reader that has gone away loses what follows. */
  write(text: string): void;
  readonly isTTY: boolean;
  /** How many letters fit into a line, where it is a terminal. */
  readonly columns: number;
  readonly colors: boolean;
}

/** What surrounds a command. */
export interface Terminal {
  /** What was asked for: results, tables, JSON. */
  readonly stdout: Output;
  /** What is said beside it: progress, questions, errors. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whom to ask; `undefined` where nobody sits there. */
  readonly person: { readonly input: Readable; readonly output: Writable } | undefined;
  /** Milliseconds since 1970. */
  now(): number;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process;
  const isThere = stdin.isTTY && stderr.isTTY && env["TERM"] !== "dumb" && !env["CI"];
  return {
    stdout: outputOf(stdout, "stdout"),
    stderr: outputOf(stderr, "stderr"),
    env,
    cwd: process.cwd(),
    person: isThere ? { input: stdin, output: stderr } : undefined,
    now: () => Date.now(),
  };
}

/** A stream whose reader goes away (`| head`) ends quietly; one that fails in another way is said, and fails the program. */
function outputOf(stream: NodeJS.WriteStream, name: string): Output {
  let isGone = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    isGone = true;
    if (error.code === "EPIPE") return;
    process.exitCode = 1;
    if (name === "stdout") process.stderr.write(`error: Cannot write to ${name}: ${error.message}\n`);
  });
  return {
    write: (text) => void (isGone || stream.write(text)),
    isTTY: stream.isTTY === true,
    get columns(): number {
      return stream.columns || 80;
    },
    colors: wantsColors(process.env, stream.isTTY === true),
  };
}

/** Whether to colour: `FORCE_COLOR`, then `NO_COLOR` (https://no-color.org), then whether it is a terminal that can. */
export function wantsColors(env: Readonly<Record<string, string | undefined>>, isTTY: boolean): boolean {
  const { FORCE_COLOR: force, NO_COLOR: refuse, TERM: kind } = env;
  if (force !== undefined) return force !== "0" && force !== "false";
  return !refuse && isTTY && kind !== "dumb";
}
