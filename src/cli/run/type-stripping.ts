/*
 * DESIGN. Node takes the types out of TypeScript by itself from 22.18 on. Before that it does so when it is told to, which cannot be
 * done while it runs: the same command line is started again, as a process of its own that gets the terminal and the signals.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";

const flag = "--experimental-strip-types";

/** Whether this Node can import TypeScript. */
export function stripsTypes(): boolean {
  return Boolean((process.features as { readonly typescript?: unknown }).typescript);
}

/** Whether a file needs a Node that takes types out, and this one does not, although it can. */
export function needsRestart(path: string): boolean {
  return /\.[cm]?ts$/i.test(path) && !stripsTypes() && !process.execArgv.includes(flag);
}

/** Starts this command line again in a Node that takes types out. @returns the exit code */
export async function restart(): Promise<number> {
  if (Number.parseInt(process.versions.node, 10) < 22) {
    process.stderr.write(`error: Oxbow needs Node 22.13 or newer, and this is ${process.version}\n`);
    return 1;
  }
  const args = [flag, "--disable-warning=ExperimentalWarning", ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn(process.execPath, args, { stdio: "inherit" });
  // A signal of the keyboard reaches both; one of another program only this process, which hands it on.
  const handOn = (signal: NodeJS.Signals): void =>
    void (signal === "SIGINT" && process.stdin.isTTY ? undefined : child.kill(signal));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, handOn);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
}
