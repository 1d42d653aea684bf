/*
 * A process that runs tasks and transactions under a lock, and says how it goes. Run by process-checks.ts and every-way-out-of-a-process.test.ts.
 */
import { appendFileSync, existsSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { flow } from "../../src/authoring/flow.ts";
import { task } from "../../src/authoring/task.ts";
import { transaction } from "../../src/authoring/transaction.ts";
import type { Duration } from "../../src/kernel/duration.ts";
import { ResultStore } from "../../src/results/result-store.ts";
import { json } from "../../src/serializers/json.ts";
import { startProcess } from "../chaos/start-lock-process.ts";
import { exclusive, openPlace, type OpenedPlace, type SharedPlace } from "./places.ts";

/** Calls a task several times at once, and says what came of each call: a {@link CallReport} as JSON, one line each. */
export interface CallOrder {
  readonly mode: "call";
  readonly place: SharedPlace;
  readonly key: string;
  readonly callers: number;
  /** The body lasts until there is a file of this name; else it takes a moment. */
  readonly gate?: string;
  /** Each time that the body begins, a line with the id of its process is written here. */
  readonly journal: string;
  readonly lease?: Duration;
}

export interface CallReport {
  readonly state: string;
  readonly value: unknown;
  readonly persisted: boolean;
  readonly reason: string;
}

/**
 * Says `there` under a lock, or where it waits for it; then leaves in a certain way, or waits for what happens to it. The last that it says
 * is whether the key is locked when the process ends: `locked true`.
 */
export interface LeaveOrder {
  readonly mode: "leave";
  readonly place: SharedPlace;
  readonly key: string;
  /** What holds the lock, or waits for it: a task, a task in a flow, a bare transaction. */
  readonly what: "task" | "flow" | "transaction";
  readonly how: "wait for the lock" | "stay" | "process.exit()" | "an uncaught exception" | "an unhandled rejection";
}

export type TransactionOrder = CallOrder | LeaveOrder;

/** Starts a process that does what the order says. */
export function startTransactions(order: TransactionOrder): ReturnType<typeof startProcess> {
  return startProcess(fileURLToPath(import.meta.url), order);
}

async function main(order: TransactionOrder): Promise<void> {
  process.env["OXBOW_LOGGING_LEVEL"] ??= "off";
  const place = await openPlace(order.place, order.mode === "call" ? order.lease : undefined);
  await (order.mode === "call" ? call(place, order) : leave(place, order));
  await place.locks.close();
  await place.storage.close();
}

async function call(place: OpenedPlace, { key, callers, gate, journal }: CallOrder): Promise<void> {
  const compute = task("compute", exclusive(place, key), async () => {
    appendFileSync(journal, `${process.pid}\n`);
    do await sleep(20);
    while (gate !== undefined && !existsSync(gate));
    return process.pid;
  });
  const one = async (): Promise<void> => {
    const state = await compute.run();
    const value = state.isCompleted ? state.result() : String(state.error);
    say({
      state: state.name,
      value,
      persisted: state.persisted,
      reason: state.decision?.reason ?? "",
    } satisfies CallReport);
  };
  say("there");
  await Promise.all(Array.from({ length: callers }, one));
}

async function leave(place: OpenedPlace, { key, what, how }: LeaveOrder): Promise<void> {
  process.on("exit", () => say(`locked ${JSON.stringify(place.locks.isLocked(key))}`));
  if (how === "wait for the lock") say("there");
  const body = async (): Promise<void> => {
    say("there");
    if (how === "process.exit()") process.exit(3);
    const fault = new Error("nobody catches this");
    if (how === "an uncaught exception") {
      setImmediate(() => {
        throw fault;
      });
    }
    if (how === "an unhandled rejection") void Promise.reject(fault);
    await sleep(60_000);
  };
  const stay = task("stay", exclusive(place, key), body);
  if (what === "task") return stay();
  if (what === "flow") return flow("stay", () => stay())();
  const store = new ResultStore({ storage: place.storage, serializer: json() });
  return transaction({ key, store, isolationLevel: "SERIALIZABLE", lockManager: place.locks }, body);
}

/** Synchronously: what was said before the end has been said. */
function say(what: unknown): void {
  writeSync(1, `${typeof what === "string" ? what : JSON.stringify(what)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(JSON.parse(process.argv[2]!) as TransactionOrder);
