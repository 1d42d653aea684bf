/*
 * Kills a process that writes to a storage, again and again, and looks at what it has left.
 *
 *   node tests/chaos/kill-storage.ts --storage sqlite --rounds 200
 *   node tests/services/with-services.ts --only postgres -- node tests/chaos/kill-storage.ts --storage postgres --rounds 200
 *
 * Holds where, after every kill: each record is whole, and is one of the last two writes of its key; what was
 * confirmed before the kill is there; a batch is there as a whole; and nothing is left over once the next writer
 * has begun. Prints one line; exits with 1 where something does not hold.
 */
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import pg from "pg";
import { startWriter } from "./start-writer.ts";
import {
  batchKeys,
  metadataOf,
  nameOnServer,
  numberIn,
  openStorage,
  payloadOf,
  type StorageKind,
} from "./storage-writer.ts";

const { values: options } = parseArgs({
  options: { storage: { type: "string", default: "sqlite" }, rounds: { type: "string", default: "200" } },
});
const kind = options.storage as StorageKind;
const rounds = Number(options.rounds);
if (!["file", "sqlite", "postgres"].includes(kind) || !(rounds > 0))
  throw new Error("Usage: --storage file|sqlite|postgres --rounds <number>");
const pgUrl = process.env["OXBOW_TEST_PG_URL"];
if (kind === "postgres" && !pgUrl) throw new Error("Say where PostgreSQL is: OXBOW_TEST_PG_URL");

const mixedKeys = ["a", "b", "c", "d", "e", "f", "g", "h"].flatMap((letter) => [`small ${letter}`, `large ${letter}`]);
const writesPerRound = 1_000_000;

/** What a key may hold: the number of a write, or `undefined` for nothing. */
type Content = number | undefined;
const known = new Map<string, Content>();
const faults: string[] = [];
let confirmed = 0;
let leftBehind = 0;

const folder = mkdtempSync(join(tmpdir(), `oxbow-kill-${kind}-`));
const place = kind === "postgres" ? basename(folder) : folder;
try {
  for (let round = 1; round <= rounds; round += 1) await killOnce(round);
} finally {
  rmSync(folder, { recursive: true, force: true });
  if (kind === "postgres") await ask(`DROP SCHEMA IF EXISTS "${place}" CASCADE`);
}
for (const fault of faults.slice(0, 20)) console.error(fault);
console.log(
  `kill-storage ${kind}: ${rounds} rounds, ${confirmed} writes confirmed, ${leftBehind} leftovers cleaned up, ${faults.length} faults`,
);
process.exitCode = faults.length === 0 ? 0 : 1;

async function killOnce(round: number): Promise<void> {
  const keys = [...mixedKeys, `new small ${round}`, `new large ${round}`];
  const writer = startWriter({
    storage: kind,
    folder: place,
    mode: "mixed",
    keys,
    from: round * writesPerRound,
    count: writesPerRound,
    size: 0,
  });
  await Promise.race([once(writer.child.stdout!, "data"), writer.ended]);
  await sleep(5 + Math.random() * 75);
  writer.child.kill("SIGKILL");
  const { lines, code, errors } = await writer.ended;
  if (code !== null) faults.push(`round ${round}: the writer ended by itself with ${code}: ${errors.slice(0, 500)}`);
  if (kind === "postgres") await untilServerIsDone(writer.child.pid!);
  await lookAtRecords(round, possibleContents(lines));
  await lookAtLeftovers(round);
}

/** From what the writer said: the last write of each key that it began, and the last that it finished. */
function possibleContents(lines: readonly string[]): Map<string, Content[]> {
  const possible = new Map([...known].map(([key, content]) => [key, [content]]));
  for (const line of lines) {
    const [, verb, number, rest] = /^(start|done) (\d+) (.*)$/.exec(line)!;
    if (verb === "start") {
      const [, action, key] = /^(put|delete) (.*)$/.exec(rest!)!;
      possible.set(key!, [...(possible.get(key!) ?? [undefined]), action === "put" ? Number(number) : undefined]);
    } else {
      confirmed += 1;
      possible.set(rest!, possible.get(rest!)!.slice(-1));
    }
  }
  return possible;
}

async function lookAtRecords(round: number, possible: ReadonlyMap<string, readonly Content[]>): Promise<void> {
  const storage = openStorage(kind, place);
  for (const [key, contents] of possible) {
    try {
      const record = await storage.get(key);
      const found = record === undefined ? undefined : numberIn(key, await record.bytes());
      if (!contents.includes(found))
        faults.push(`round ${round}: "${key}" holds ${found}, not ${contents.join(" or ")}`);
      known.set(key, found);
    } catch (error) {
      faults.push(`round ${round}: "${key}" cannot be read: ${String(error)}`);
    }
  }
  if (new Set(batchKeys.map((key) => known.get(key))).size > 1)
    faults.push(`round ${round}: a batch is there in parts`);
  let count = 0;
  for await (const { key } of storage.list())
    count += known.get(key) === undefined && !key.startsWith("after") ? 1e6 : 1;
  if (count > 1e6) faults.push(`round ${round}: the list has records that were never written or were removed`);
  await storage.close();
}

async function lookAtLeftovers(round: number): Promise<void> {
  const before = leftovers();
  leftBehind += before;
  const storage = openStorage(kind, place);
  const payload = payloadOf("after", round, 100);
  await storage.put(metadataOf("after", payload), [payload]);
  await storage.close();
  const after = leftovers();
  if (after > 0)
    faults.push(`round ${round}: ${after} leftovers are still there after the next writer (${before} before)`);
}

/** Everything in the folder that belongs to no record. */
function leftovers(): number {
  // What a statement has begun, the server ends or undoes by itself.
  if (kind === "postgres") return 0;
  if (kind === "file") return filesIn(join(folder, ".tmp"));
  const db = new DatabaseSync(join(folder, "records.db"));
  const numberOf = (sql: string): number => Number(Object.values(db.prepare(sql).get()!)[0]);
  const named =
    numberOf("SELECT count(*) FROM records WHERE file IS NOT NULL") +
    numberOf("SELECT count(*) FROM plain_values WHERE file IS NOT NULL");
  const intents = numberOf("SELECT count(*) FROM file_intents");
  db.close();
  return intents + Math.abs(filesIn(join(folder, "values")) - named);
}

function filesIn(path: string): number {
  if (!existsSync(path)) return 0;
  return readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
}

/** What the writer had sent before it was killed may still be under way there. */
async function untilServerIsDone(pid: number): Promise<void> {
  const question = "SELECT 1 FROM pg_stat_activity WHERE application_name = $1";
  while ((await ask(question, [nameOnServer(pid)])) > 0) await sleep(5);
}

/** @returns how many rows it has */
async function ask(text: string, values: readonly string[] = []): Promise<number> {
  const client = new pg.Client({ connectionString: pgUrl });
  await client.connect();
  const { rowCount } = await client.query(text, [...values]);
  await client.end();
  return rowCount ?? 0;
}
