import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { Awaitable } from "../../kernel/awaitable.ts";
import { thisWriter } from "../../io/leftovers.ts";
import type { ColumnValue } from "../internal/record-columns.ts";
import { addIntentSql, removeWritingSql } from "./statements.ts";

/** One writing of a record, as {@link removeWritingSql} asks for it. */
export type Writing = readonly [key: Uint8Array, createdAt: number, sha256: string, taskRunId: ColumnValue];

/** The file of each writing that was removed: `null` where it had none, `undefined` where it was not there. */
export type RemovedFiles = ReadonlyArray<string | null | undefined>;

interface Answer {
  readonly id: number;
  readonly files?: RemovedFiles;
}

/** So many are removed before a thread is worth its 40 ms. */
const patience = 256;
/** So long it waits for more to do. */
const idleMs = 500;
/** Where whatever it was that keeps threads from working here is looked for again. */
const retryAfterMs = 60_000;

/*
 * DESIGN: removing very many records without keeping the event loop.
 *
 * What it does: rows that are removed lie all over the file. Folding the log of such changes into it takes tens of milliseconds, and
 * waits for the disk twice; SQLite does that in passing, in the call whose log gets too long. So after the first few hundred
 * removals in a row a thread does them, with a connection of its own, where nobody waits for it. It ends when there is nothing
 * more to do.
 * What it promises: one transaction per batch, as short as without it. Where a thread cannot be had, or fails, it answers
 * `undefined`, and nothing was removed.
 * What the caller must do: remove the rows itself then; {@link RemovalThread.close} in the end.
 */
export class RemovalThread {
  readonly #path: string;
  readonly #isFlushing: boolean;
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #ended: Promise<unknown> | undefined;
  #removals = 0;
  #lastAt = 0;
  #brokenUntil = 0;
  #lastId = 0;

  constructor(path: string, durability: "process" | "power") {
    this.#path = path;
    this.#isFlushing = durability === "power";
  }

  /** Whether there is so much to do that it should be done here. */
  isWanted(count: number): boolean {
    const now = performance.now();
    if (now - this.#lastAt > idleMs) this.#removals = 0;
    this.#lastAt = now;
    this.#removals += count;
    return this.#removals > patience && now >= this.#brokenUntil;
  }

  async remove(writings: readonly Writing[]): Promise<RemovedFiles | undefined> {
    const worker = this.#start();
    if (!worker) return undefined;
    const id = (this.#lastId += 1);
    clearTimeout(this.#idle);
    worker.ref();
    const answer = await new Promise<Answer | undefined>((resolve) => {
      this.#waiting.set(id, resolve);
      worker.postMessage({ id, writings });
    });
    if (this.#waiting.size === 0 && this.#worker === worker) {
      worker.unref();
      this.#idle = setTimeout(() => void this.close(), idleMs).unref();
    }
    if (answer?.files === undefined) this.#brokenUntil = performance.now() + retryAfterMs;
    return answer?.files;
  }

  /** Ends the thread, once it has answered. */
  close(): Awaitable<void> {
    clearTimeout(this.#idle);
    this.#worker?.postMessage({ isEnd: true });
    this.#worker?.ref();
    this.#worker = undefined;
    return this.#ended?.then(() => undefined);
  }

  #start(): Worker | undefined {
    if (this.#worker) return this.#worker;
    try {
      return (this.#worker = this.#newWorker());
    } catch {
      // No threads here: too little memory, or no permission.
      this.#brokenUntil = performance.now() + retryAfterMs;
      return undefined;
    }
  }

  #newWorker(): Worker {
    const { host, pid } = thisWriter;
    const workerData = {
      // It must not make a database where there is none.
      url: `${pathToFileURL(this.#path).href}?mode=rw`,
      pragmas: `PRAGMA busy_timeout = 5000; PRAGMA synchronous = ${this.#isFlushing ? "FULL" : "NORMAL"}`,
      ...{ removeWritingSql, addIntentSql, host, pid },
    };
    const worker = new Worker(threadCode, { eval: true, workerData, stdout: false, stderr: false });
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    this.#ended = ended;
    void ended.then(() => this.#gone(worker));
    // What goes wrong there is found out here, where it is done again.
    worker.on("error", () => this.#gone(worker));
    worker.on("message", (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    return worker;
  }

  #gone(worker: Worker): void {
    if (this.#worker !== undefined && this.#worker !== worker) return;
    this.#worker = undefined;
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }
}

/** As text, so that it needs no file beside the bundle. */
const threadCode = `
const { parentPort, workerData } = require("node:worker_threads");
process.emitWarning = () => {};
const { DatabaseSync } = require("node:sqlite");
const { url, pragmas, removeWritingSql, addIntentSql, host, pid } = workerData;
const db = new DatabaseSync(url);
db.exec(pragmas);
const removeWriting = db.prepare(removeWritingSql);
const addIntent = db.prepare(addIntentSql);
function removeAll(writings) {
  db.exec("BEGIN IMMEDIATE");
  try {
    const files = writings.map((writing) => {
      const row = removeWriting.get(...writing);
      if (row && row.file !== null) addIntent.run(row.file, host, pid, Date.now());
      return row?.file;
    });
    db.exec("COMMIT");
    return files;
  } catch (error) {
    try { db.exec("ROLLBACK"); } catch {}
    throw error;
  }
}
parentPort.on("message", ({ id, writings, isEnd }) => {
  if (isEnd) {
    db.close();
    parentPort.close();
    return;
  }
  let files;
  try { files = removeAll(writings); } catch {}
  parentPort.postMessage({ id, files });
});
`;
