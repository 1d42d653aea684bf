import { spawn, type ChildProcess } from "node:child_process";
import { delimiter, join } from "node:path";

/** The folder of the repository. */
export const root: string = join(import.meta.dirname, "..", "..");

/** What a process that has ended left. */
export interface Finished {
  readonly status: number;
  readonly stdout: string;
  /** Both streams, in the order in which they arrived. */
  readonly output: string;
}

/** Where and with what a process runs. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The process, and what it started, is killed after this long. @default 10 minutes */
  readonly timeoutMs?: number;
}

const path = [join(root, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter);

/** Runs a command, tools of node_modules/.bin first, and gives what it printed, whatever its exit status. */
export function attempt(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, PATH: path, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
      detached: process.platform !== "win32",
    });
    const limit = setTimeout(() => killWithChildren(child), options.timeoutMs ?? 10 * 60_000);
    let stdout = "";
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.on("error", reject);
    child.on("close", (status, signal) => {
      clearTimeout(limit);
      if (signal !== null) output += `\nended by ${signal}\n`;
      resolve({ status: status ?? 1, stdout, output });
    });
  });
}

/** A test that never ends is a child of the process that was started, and would outlive it. */
function killWithChildren(child: ChildProcess): void {
  try {
    process.kill(process.platform === "win32" ? child.pid! : -child.pid!, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
}

/**
 * Runs a command that has to succeed.
 *
 * @returns its standard output
 * @throws with everything that it printed
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { status, stdout, output } = await attempt(command, args, options);
  if (status !== 0) throw new Error(`${[command, ...args].join(" ")} exited with ${status}:\n${output}`);
  return stdout;
}
