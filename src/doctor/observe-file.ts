/*
 * DESIGN. A file of tasks is looked at in processes of its own: what it does when it is imported is done there, and what differs from
 * process to process is seen. Each imports it twice; the second time in a process the clock shows a minute more. What they see
 * is compared by who asked: see checks/keys.ts.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunStore } from "../history/run-store.ts";
import type { Clock } from "../kernel/clock.ts";
import { ownPackage } from "./packages.ts";

/** A task, as one process sees it. */
export interface SeenTask {
  readonly name: string;
  /** The file's name for it. */
  readonly exportName: string;
  /** The digest of its own code, or why there is none. */
  readonly source: Seen;
  /** Whether its policy has the code of the task in it. */
  readonly needsSource: boolean;
  /** What its key functions gave, in order; empty where it has none. */
  readonly keys: readonly Seen[];
  /** Whether the inputs are those of a run of the history. */
  readonly inputsAreRecorded: boolean;
  readonly expirationMs?: number | undefined;
  /** The storage that it chose, where that is in memory only: `memory #1`. */
  readonly memoryStorage?: string | undefined;
  /** It says itself that it is not to be cached. */
  readonly isOptedOut: boolean;
  readonly alwaysRefreshes: boolean;
  /** Tasks with the same text here have the same records, where they get the same inputs. */
  readonly records?: string | undefined;
}

/** What was made, or why nothing was. */
export type Seen = { readonly text: string } | { readonly absent: string };

/** What all processes saw. */
export interface FileReport {
  readonly file: string;
  /** One list for each time that the file was imported; empty where it could not be. */
  readonly observations: ReadonlyArray<readonly SeenTask[]>;
  /** Names that the file exports and that are tasks of another copy of Oxbow. */
  readonly strangers: readonly string[];
  /** Why the file could not be imported. */
  readonly error?: string | undefined;
}

/** What {@link file://./probe.ts} says to its parent. */
export type Message =
  | { readonly kind: "ready" }
  | { readonly kind: "needs inputs"; readonly tasks: readonly string[] }
  | {
      readonly kind: "seen";
      readonly observations: readonly (readonly SeenTask[])[];
      readonly strangers: readonly string[];
    }
  | { readonly kind: "failed"; readonly error: string };

/** What its parent says to it. */
export type Order = { readonly file: string } | { readonly inputs: Readonly<Record<string, string>> };

const processes = 2;
const timeoutMs = 15_000;

/** Lets processes look at the tasks of a file. Never throws. */
export async function observeFile(file: string, clock: Clock, history: RunStore | undefined): Promise<FileReport> {
  if (!existsSync(file)) return { file, observations: [], strangers: [], error: "there is no such file" };
  const seen = await Promise.all(
    Array.from({ length: processes }, () => ask(file, clock, (tasks) => newestInputs(history, tasks))),
  );
  const reports = seen.filter((each) => each.kind === "seen");
  const broken = seen.find((each) => each.kind !== "seen");
  if (broken !== undefined) return { file, observations: [], strangers: [], error: errorOf(broken) };
  return { file, observations: reports.flatMap(({ observations }) => observations), strangers: reports[0]!.strangers };
}

function errorOf(message: Message): string {
  return message.kind === "failed" ? message.error : "the process that looked at it said nothing of use";
}

async function ask(
  file: string,
  clock: Clock,
  inputsOf: (tasks: readonly string[]) => Promise<Readonly<Record<string, string>>>,
): Promise<Message> {
  const child = spawn(process.execPath, [...flagsFor(file), probePath()], {
    // What it prints is not ours to show; nothing is recorded of what it runs.
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { ...process.env, OXBOW_HISTORY_ENABLED: "false" },
  });
  let said = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2000);
  });
  let cancel = (): void => undefined;
  try {
    return await new Promise<Message>((resolve) => {
      const failed = (error: string): void => resolve({ kind: "failed", error });
      cancel = clock.schedule(timeoutMs, () => failed(`importing it did not end within ${timeoutMs / 1000} s`));
      const send = (order: Order): void => void child.send(order, () => undefined);
      child.once("error", (error) => failed(error.message));
      child.once("exit", (code, signal) =>
        failed(`the process that imported it ended with ${signal ?? code}${lastLineOf(said)}`),
      );
      child.on("message", (message: Message) => {
        if (message.kind === "ready") send({ file });
        else if (message.kind === "needs inputs") void inputsOf(message.tasks).then((inputs) => send({ inputs }));
        else resolve(message);
      });
    });
  } finally {
    cancel();
    child.removeAllListeners();
    child.on("error", () => undefined);
    child.kill("SIGKILL");
    if (child.connected) child.disconnect();
  }
}

function lastLineOf(text: string): string {
  const lines = text
    .trim()
    .split("\n")
    .filter((line) => /\b\w*(Error|error)\b/.test(line));
  return lines[0] === undefined ? "" : `: ${lines[0].trim()}`;
}

/** How this process was started, as far as it matters to what is imported; and what reads TypeScript where that has to be asked for. */
function flagsFor(file: string): readonly string[] {
  const { execArgv } = process;
  const kept = execArgv.flatMap((flag, index) => {
    if (
      !/^(--(import|require|conditions|env-file|experimental-strip-types|experimental-transform-types)|-[rC])(=|$)/.test(
        flag,
      )
    )
      return [];
    const value = execArgv[index + 1];
    return flag.includes("=") || flag.startsWith("--experimental") || value === undefined ? [flag] : [flag, value];
  });
  const needsTypes = (/\.[cm]?ts$/.test(file) || import.meta.url.endsWith(".ts")) && !process.features.typescript;
  return needsTypes && !kept.includes("--experimental-strip-types") ? [...kept, "--experimental-strip-types"] : kept;
}

/** The program is a file of its own, here and in what is published. */
function probePath(): string {
  if (import.meta.url.endsWith(".ts")) return fileURLToPath(new URL("./probe.ts", import.meta.url));
  return join(ownPackage().folder, "dist", "doctor", "probe.js");
}

/** The inputs of the newest run of each task whose inputs the history has as a whole. */
async function newestInputs(
  history: RunStore | undefined,
  tasks: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const task of history === undefined ? [] : tasks) {
    const runs = await history!.taskRuns.list({ of: task, limit: 20 }).catch(() => []);
    const whole = runs.find(({ inputs }) => inputs.left === undefined);
    if (whole !== undefined) found[task] = whole.inputs.json;
  }
  return found;
}
