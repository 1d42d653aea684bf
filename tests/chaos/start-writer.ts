import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { WriterOrder } from "./storage-writer.ts";

// Node strips types by itself from 22.18 on.
const flags = process.features.typescript ? [] : ["--experimental-strip-types", "--no-warnings"];

/** A process that writes. */
export interface Writer {
  readonly child: ChildProcess;
  /** Settles with everything that it has said when it has ended, whichever way. */
  readonly ended: Promise<{ readonly lines: string[]; readonly code: number | null; readonly errors: string }>;
}

/** Starts a process that does what the order says. */
export function startWriter(order: WriterOrder): Writer {
  return startScript("storage-writer.ts", order);
}

/** Starts a script of this folder, with its order as JSON in its first argument. */
export function startScript(name: string, order: unknown): Writer {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, [...flags, script, JSON.stringify(order)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const ended = once(child, "close").then(([code]) => {
    const lines = output.split("\n");
    lines.pop();
    return { lines, code: code as number | null, errors };
  });
  return { child, ended };
}
