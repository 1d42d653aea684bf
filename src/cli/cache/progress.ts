/* How far an operation on records is, in a line on a terminal; Ctrl-C ends it between two records. */
import type { LongOperation, Progress } from "../../maintenance/index.ts";
import { Interrupted } from "../interrupted.ts";
import { bar, StatusLine } from "../status-line.ts";
import type { Terminal } from "../terminal.ts";
import { count, sizeOf } from "../text.ts";

/** Runs an operation with a line of progress. A signal ends it; what it has done stays done. */
export async function withProgress<T>(
  title: string,
  terminal: Terminal,
  work: (options: LongOperation & { readonly line: StatusLine }) => Promise<T>,
): Promise<T> {
  let now: Progress = { done: 0, bytes: 0 };
  const ending = new AbortController();
  const line = new StatusLine(terminal.stderr, () => `${title} ${textOf(now)}`);
  const onSignal = (signal: NodeJS.Signals): void => ending.abort(new Interrupted(signal));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
  const stop = line.start();
  try {
    const onProgress = (progress: Progress): void => void (now = progress);
    return await work({ line, onProgress, signal: ending.signal });
  } finally {
    stop();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
  }
}

function textOf({ done, total, bytes }: Progress): string {
  const size = bytes > 0 ? ` ${sizeOf(bytes)}` : "";
  return total === undefined ? `${count(done, "record")}${size}` : `${bar(done, total)}${size}`;
}
