/* A terminal that keeps what was written, for commands that are called in the process of their test. */
import { runCli } from "../../src/cli/program.ts";
import type { Output, Terminal } from "../../src/cli/terminal.ts";

/** What a command left. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What was printed, as JSON. */
  json<T = any>(): T;
}

/** What a terminal is like; by default it is none, as in a pipe. */
export interface TerminalOptions {
  readonly cwd?: string;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly colors?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly now?: number;
}

/** Runs one command line in this process. */
export async function oxbow(args: readonly string[], options: TerminalOptions = {}): Promise<Ran> {
  const written = { stdout: "", stderr: "" };
  const { isTTY = false, columns = 80, colors = false } = options;
  const output = (name: "stdout" | "stderr"): Output => ({
    write: (text) => void (written[name] += text),
    ...{ isTTY, columns, colors },
  });
  const terminal: Terminal = {
    stdout: output("stdout"),
    stderr: output("stderr"),
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    person: undefined,
    now: () => options.now ?? Date.now(),
  };
  const code = await runCli(args, terminal);
  return { code, ...written, json: () => JSON.parse(written.stdout) };
}
