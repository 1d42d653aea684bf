import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LockOrder } from "./lock-process.ts";

const script = fileURLToPath(new URL("lock-process.ts", import.meta.url));
// Node strips types by itself from 22.18 on.
const flags = process.features.typescript ? [] : ["--experimental-strip-types", "--no-warnings"];

/** A process that locks. */
export interface LockProcess {
  readonly child: ChildProcess;
  /** The next line that it says; rejected where it ends before. */
  nextLine(): Promise<string>;
  /** Says something to it, and gives its answer. */
  ask(line: string): Promise<string>;
  /** Settles with the lines that nobody has taken, when it has ended, whichever way. */
  readonly ended: Promise<{ readonly lines: string[]; readonly code: number | null; readonly errors: string }>;
}

/** Starts a process that does what the order says. */
export function startLockProcess(order: LockOrder): LockProcess {
  return startProcess(script, order);
}

/** Starts a script, with its order as JSON in its first argument. @param path of the script */
export function startProcess(path: string, order: unknown): LockProcess {
  const child = spawn(process.execPath, [...flags, path, JSON.stringify(order)], { stdio: "pipe" });
  const lines: string[] = [];
  const waiting: Array<{ resolve(line: string): void; reject(error: Error): void }> = [];
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  // It may have ended when something is said to it.
  child.stdin.on("error", () => undefined);
  createInterface({ input: child.stdout }).on("line", (line) => {
    const first = waiting.shift();
    if (first === undefined) lines.push(line);
    else first.resolve(line);
  });
  const ended = once(child, "close").then(([code]) => {
    for (const { reject } of waiting.splice(0))
      reject(new Error(`The process ended (${code}) without a word: ${errors}`));
    return { lines, code: code as number | null, errors };
  });
  const nextLine = (): Promise<string> =>
    lines.length > 0
      ? Promise.resolve(lines.shift()!)
      : new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  return {
    child,
    nextLine,
    ask: (line) => {
      child.stdin.write(`${line}\n`);
      return nextLine();
    },
    ended,
  };
}
