/*
 * A process that publishes five records at a time until it is killed. Run by kill-commit.ts. Each value says of which
 * round it is, and follows from it, so a reader can tell a whole round from a mixture.
 */
import { writeSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ResultStore } from "../../src/results/result-store.ts";
import { publish } from "../../src/results/publish.ts";
import { json } from "../../src/serializers/json.ts";
import { fileStorage } from "../../src/storage/file.ts";
import { sqliteStorage } from "../../src/storage/sqlite.ts";
import type { Storage } from "../../src/storage/storage.ts";

export type CommitKind = "file" | "sqlite" | "postgres";

export interface CommitOrder {
  readonly storage: CommitKind;
  /** A folder, or the URL of a server. */
  readonly place: string;
  /** What all keys begin with. */
  readonly prefix: string;
  /** Whether every round has keys of its own, or all rounds write the same ones. */
  readonly keys: "new" | "same";
  /** The number of the first round. */
  readonly from: number;
}

// In a row, in a file of its own, and either way.
const sizes = [10, 200_000, 3000, 70_000, 120_000];

export async function openPlace(kind: CommitKind, place: string): Promise<Storage> {
  if (kind === "file") return fileStorage(place);
  if (kind === "sqlite") return sqliteStorage(place);
  const driver = "../../src/storage/postgres.ts";
  const { postgresStorage } = (await import(driver)) as { postgresStorage: (url: string) => Storage };
  return postgresStorage(place);
}

export function storeIn(storage: Storage): ResultStore {
  return new ResultStore({ storage, serializer: json() });
}

/** The five keys of a round. */
export function keysOf({ prefix, keys }: Pick<CommitOrder, "prefix" | "keys">, round: number): string[] {
  return sizes.map((_, i) => `${prefix}/${keys === "new" ? `round ${round}` : "same"}/${i}`);
}

/** The value under the key number `i` of a round. */
export function valueOf(round: number, i: number): unknown {
  return { round, i, filling: `${round}.${i};`.repeat(Math.ceil(sizes[i]! / 8)).slice(0, sizes[i]) };
}

async function main(order: CommitOrder): Promise<void> {
  const store = storeIn(await openPlace(order.storage, order.place));
  for (let round = order.from; ; round += 1) {
    const origin = { taskName: "chaos", taskRunId: `${process.pid}`, durationMs: 1, tags: [], components: {} };
    const records = [];
    for (const [i, key] of keysOf(order, round).entries()) {
      const record = await store.prepare({ text: key, value: key }, valueOf(round, i), origin, Date.now());
      records.push({ ...record, fence: round });
    }
    say(`start ${round}`);
    const began = performance.now();
    await publish(records);
    say(`done ${round} ${performance.now() - began}`);
    await nextTurn();
  }
}

/** Synchronously: what was said before the kill has been said. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(JSON.parse(process.argv[2]!) as CommitOrder);
