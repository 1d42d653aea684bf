/*
 * A process that writes into a history: `node history-process.ts '{"file": …}'`. What it says, a line each:
 *   rounds   the number of each batch that has been written, after it has been; each has ten task runs
 *   exit     nothing; it writes one task run when it exits
 *   hold     "held" when it has the lock of the file; it lets go after `holdMs`
 */
import { DatabaseSync } from "node:sqlite";
import { writeSync } from "node:fs";
import { isPromise } from "../../src/kernel/awaitable.ts";
import { sqliteRunStore } from "../../src/history/sqlite.ts";
import { batch, flowRun, taskRun } from "../../src/testing/run-store-checks/check.ts";

/** What it is to do. */
export interface HistoryOrder {
  readonly mode: "rounds" | "exit" | "hold";
  readonly file: string;
  /** Which process it is: its runs are told apart by that. */
  readonly number: number;
  /** How many batches it writes. */
  readonly rounds?: number;
  /** How long it holds the lock, in milliseconds. */
  readonly holdMs?: number;
}

const order = JSON.parse(process.argv[2]!) as HistoryOrder;
const store = sqliteRunStore(order.file);
const say = (line: unknown): void => void writeSync(1, `${String(line)}\n`);
const first = order.number * 1_000_000;

if (order.mode === "exit") {
  process.on("exit", () => {
    const written = store.write(batch({ taskRuns: [taskRun(first)] }));
    say(isPromise(written) ? "later" : "written");
  });
} else if (order.mode === "hold") {
  const db = new DatabaseSync(order.file);
  db.exec("BEGIN IMMEDIATE");
  say("held");
  setTimeout(() => db.exec("COMMIT"), order.holdMs);
} else {
  for (let round = 0; round < order.rounds!; round += 1) {
    const flowRunId = flowRun(first + round).id;
    const taskRuns = Array.from({ length: 10 }, (_, n) => taskRun(first + round * 10 + n, { flowRunId, key: `${n}` }));
    await store.write(batch({ flowRuns: [flowRun(first + round)], taskRuns }));
    say(round);
  }
  await store.close();
}
