/* The storages that maintenance is tested on: each that keeps things in another way. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileStorage, memoryStorage, sqliteStorage } from "../../src/index.ts";
import type { RecordMetadata, Storage } from "../../src/storage/storage.ts";
import { bytesOf, metadataFor } from "../../src/testing/storage-checks/check.ts";

/** An empty place, and what removes it. */
export interface TestPlace {
  readonly storage: Storage;
  readonly folder: string;
  /** Another storage of the same place, as another process would have it. */
  another(): Storage;
  dispose(): Promise<void>;
}

const makers: Readonly<Record<string, (folder: string) => Storage>> = {
  memory: () => memoryStorage(),
  sqlite: (folder) => sqliteStorage(folder),
  file: (folder) => fileStorage(folder),
};

/** The names of the storages. */
export const storageNames: readonly string[] = Object.keys(makers);

/** Makes an empty place. */
export function openPlace(name: string): TestPlace {
  const folder = mkdtempSync(join(tmpdir(), "oxbow-maintenance-"));
  const storage = makers[name]!(folder);
  return {
    storage,
    folder,
    another: () => makers[name]!(folder),
    dispose: async () => {
      await storage.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Writes a record, its value as the JSON that the `json` serializer writes. */
export async function write(
  storage: Storage,
  key: string,
  more: Partial<RecordMetadata> & { readonly value?: unknown } = {},
): Promise<RecordMetadata> {
  const { value = key, ...rest } = more;
  const bytes = bytesOf(typeof value === "string" ? `"${value}"` : JSON.stringify(value));
  const metadata = metadataFor(key, bytes, { taskRunId: `run of ${key}`, ...rest });
  await storage.put(metadata, [bytes]);
  return metadata;
}

/** The keys of all records. */
export async function keysIn(storage: Storage): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list()) keys.push(key);
  return keys;
}

/** All of what is given one by one. */
export async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
