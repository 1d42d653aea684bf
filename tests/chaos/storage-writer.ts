/*
 * A process that writes to a storage until it is told to stop, or is killed. Run by kill-storage.ts, and by the tests
 * of two writers at once. Each payload says which write it is, so a reader can tell a whole record from a mixture.
 */
import { hash } from "node:crypto";
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fileStorage } from "../../src/storage/file.ts";
import { postgresStorage } from "../../src/storage/postgres.ts";
import { sqliteStorage } from "../../src/storage/sqlite.ts";
import type { Payload, RecordMetadata, Storage } from "../../src/storage/storage.ts";

export type StorageKind = "file" | "sqlite" | "postgres";

export interface WriterOrder {
  readonly storage: StorageKind;
  /** Of the records; for `postgres` the name of their schema. */
  readonly folder: string;
  /** `mixed`: all kinds of operations on `keys`, without end; `replace`: `count` writes of the first key. */
  readonly mode: "mixed" | "replace";
  readonly keys: readonly string[];
  /** The number of the first write. */
  readonly from: number;
  readonly count: number;
  readonly size: number;
}

/** Keys that are written together, by one `putAll`; many, so that a kill often meets one half-way. */
export const batchKeys: readonly string[] = Array.from({ length: 40 }, (_, i) =>
  i === 20 ? "batch/large" : `batch/${i}`,
);

export function openStorage(kind: StorageKind, folder: string): Storage {
  if (kind === "postgres") return openPostgres(folder);
  return kind === "file" ? fileStorage(folder) : sqliteStorage(folder);
}

function openPostgres(schema: string): Storage {
  const server = { connectionString: process.env["OXBOW_TEST_PG_URL"], application_name: nameOnServer(process.pid) };
  return postgresStorage(server, { schema });
}

/** What a PostgreSQL calls a process that uses it. */
export function nameOnServer(pid: number): string {
  return `oxbow process ${pid}`;
}

/** The payload of a write: its key and number, then a filling that follows from them. */
export function payloadOf(key: string, number: number, size: number): Buffer {
  const head = Buffer.from(`${key}#${number};`);
  return Buffer.concat([head, Buffer.alloc(Math.max(0, size - head.length), head)]);
}

/** The number of the write that a payload comes from; throws where it is not whole. */
export function numberIn(key: string, payload: Uint8Array): number {
  const bytes = Buffer.from(payload);
  const number = Number(/^(.*)#(\d+);/s.exec(bytes.subarray(0, 200).toString())?.[2]);
  if (!bytes.equals(payloadOf(key, number, bytes.length))) throw new Error(`The payload under "${key}" is not whole`);
  return number;
}

export function metadataOf(key: string, payload: Uint8Array): RecordMetadata {
  return {
    formatVersion: 1,
    key,
    createdAt: Date.now(),
    serializer: "bytes",
    size: payload.byteLength,
    sha256: hash("sha256", payload),
    durationMs: 1,
    taskName: "chaos",
    taskRunId: String(process.pid),
    tags: [],
    components: {},
  };
}

/** Large ones are kept in files by every storage. */
export function sizeFor(key: string): number {
  return key.includes("large") ? 100_000 : 100;
}

async function main(order: WriterOrder): Promise<void> {
  const storage = openStorage(order.storage, order.folder);
  if (order.mode === "replace") await replace(storage, order);
  else await mix(storage, order);
  await storage.close();
}

async function replace(storage: Storage, { keys, from, count, size }: WriterOrder): Promise<void> {
  for (let number = from; number < from + count; number += 1) {
    const payload = payloadOf(keys[0]!, number, size);
    await storage.put(metadataOf(keys[0]!, payload), [payload]);
  }
}

async function mix(storage: Storage, { keys, from, count }: WriterOrder): Promise<void> {
  for (let number = from; number < from + count; number += 1) {
    const dice = Math.random();
    if (dice < 0.15 && storage.putAll !== undefined) await writeBatch(storage, number);
    else await writeOne(storage, keys[Math.floor(Math.random() * keys.length)]!, number, dice);
  }
}

async function writeOne(storage: Storage, key: string, number: number, dice: number): Promise<void> {
  const isRemoval = dice > 0.9;
  say(`start ${number} ${isRemoval ? "delete" : "put"} ${key}`);
  const payload = payloadOf(key, number, sizeFor(key));
  if (isRemoval) await storage.delete(key);
  else await storage.put(metadataOf(key, payload), Math.random() < 0.5 ? [payload] : asSource(storage, payload));
  say(`done ${number} ${key}`);
}

/** In chunks, so that a kill may meet it between two of them. */
function asSource({ capabilities }: Storage, payload: Buffer): Payload {
  const chunks = Array.from({ length: Math.ceil(payload.length / 9999) }, (_, i) =>
    payload.subarray(i * 9999, (i + 1) * 9999),
  );
  if (!capabilities.streams) return chunks;
  return {
    size: payload.length,
    async *chunks() {
      yield* chunks;
    },
  };
}

async function writeBatch(storage: Storage, number: number): Promise<void> {
  for (const key of batchKeys) say(`start ${number} put ${key}`);
  const records = batchKeys
    .map((key) => payloadOf(key, number, sizeFor(key)))
    .map((payload, i) => [metadataOf(batchKeys[i]!, payload), asSource(storage, payload)] as const);
  await storage.putAll!(records);
  for (const key of batchKeys) say(`done ${number} ${key}`);
}

/** Synchronously: what was said before the kill has been said. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(JSON.parse(process.argv[2]!) as WriterOrder);
