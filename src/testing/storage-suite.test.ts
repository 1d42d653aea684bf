import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { broken, changedMetadata, fails, firstFailure } from "../../tests/fixtures/broken-storages.ts";
import { isByteSource } from "../kernel/byte-source.ts";
import { sizeOf } from "../storage/internal/record-checks.ts";
import { memoryStorage } from "../storage/memory.ts";
import { sqliteStorage } from "../storage/sqlite.ts";
import type { RecordMetadata, Storage, StoredRecord, ValueArea } from "../storage/storage.ts";
import { storageChecks, storageSuite } from "./storage-suite.ts";

const claimsAll = {
  persistent: false,
  putIfAbsent: true,
  atomicBatch: true,
  fencing: true,
  versions: true,
  streams: true,
  list: true,
};

async function all(storage: Storage): Promise<RecordMetadata[]> {
  const found: RecordMetadata[] = [];
  for await (const metadata of storage.list()) found.push(metadata);
  return found;
}

function withValues(good: Storage, changes: Partial<ValueArea>): Partial<Storage> {
  const { values } = good;
  return {
    values: {
      get: (name) => values.get(name),
      put: (name, payload) => values.put(name, payload),
      delete: (name) => values.delete(name),
      ...changes,
    },
  };
}

const renamed = (rename: (key: string) => string) =>
  broken((good) => ({
    get: (key) => good.get(rename(key)),
    head: (key) => good.head(rename(key)),
    delete: (key) => good.delete(rename(key)),
    put: (metadata, payload, options) => good.put({ ...metadata, key: rename(metadata.key) }, payload, options),
  }));

const mutants: Readonly<Record<string, () => Storage>> = {
  "ignores the case of keys": renamed((key) => key.toLowerCase()),
  "cuts keys at a NUL": renamed((key) => key.split("\0")[0]! || key),
  "cuts long keys": renamed((key) => key.slice(0, 1000)),
  "decodes keys like a URL": renamed((key) => key.replaceAll("%2F", "/")),
  "composes accents": renamed((key) => key.normalize("NFC")),
  "resolves keys like paths": renamed((key) => key.replace("a/../", "")),
  "drops the expiry": changedMetadata(({ expiresAt: _, ...metadata }) => metadata),
  "drops the flow run": changedMetadata(({ flowRunId: _, ...metadata }) => metadata),
  "rounds times": changedMetadata((metadata) => ({ ...metadata, createdAt: Math.round(metadata.createdAt) })),
  "sorts tags": changedMetadata((metadata) => ({ ...metadata, tags: [...metadata.tags].sort() })),
  "stores the first chunk alone": broken((good) => ({
    put: (metadata, payload, options) =>
      isByteSource(payload)
        ? good.put(metadata, payload, options)
        : good.put({ ...metadata, size: payload[0]?.length ?? 0 }, payload.slice(0, 1), options),
  })),
  "takes a payload of any length": broken((good) => ({
    put: (metadata, payload, options) => good.put({ ...metadata, size: sizeOf(payload) }, payload, options),
  })),
  "keeps the bytes it was handed": broken((good) => {
    const kept = new Map<string, Uint8Array>();
    return {
      put: (metadata, payload, options) => {
        if (!isByteSource(payload) && payload.length === 1 && options === undefined)
          kept.set(metadata.key, payload[0]!);
        return good.put(metadata, payload, options);
      },
      get: async (key) => {
        const record = await good.get(key);
        return record && { metadata: record.metadata, bytes: () => kept.get(key)?.slice() ?? record.bytes() };
      },
    };
  }),
  "hands out the bytes it keeps": broken((good) => {
    const kept = new Map<string, Uint8Array>();
    return withValues(good, {
      get: async (name) => {
        if (!kept.has(name)) kept.set(name, (await good.values.get(name)) ?? new Uint8Array(0));
        return kept.get(name)?.length === 0 ? undefined : kept.get(name);
      },
    });
  }),
  "ignores ifAbsent": broken((good) => ({ put: (metadata, payload) => good.put(metadata, payload) })),
  "decides ifAbsent too early": broken((good) => ({
    put: async (metadata, payload, options) => {
      if (options?.ifAbsent && (await good.head(metadata.key))) return false;
      await Promise.resolve();
      return good.put(metadata, payload);
    },
  })),
  "says ifAbsent has won when it has not": broken((good) => ({
    put: async (...write) => (await good.put(...write)) || true,
  })),
  "never replaces": broken((good) => ({
    put: async (metadata, payload, options) =>
      (await good.put(metadata, payload, { ifAbsent: true })) || !options?.ifAbsent,
  })),
  "says that everything was removed": broken((good) => ({ delete: async (key) => (await good.delete(key)) || true })),
  "removes nothing": broken((good) => ({ delete: async (key) => (await good.head(key)) !== undefined })),
  "throws where nothing is": broken((good) => ({
    head: (key) => {
      const found = good.head(key);
      if (!found) throw new Error("ENOENT");
      return found;
    },
  })),
  "lists in the order of UTF-16": broken((good) => ({
    list: (options = {}) =>
      lazily(async () =>
        (await all(good))
          .filter(
            ({ key }) => key.startsWith(options.prefix ?? "") && (options.after === undefined || key > options.after),
          )
          .sort((a, b) => (a.key < b.key ? -1 : 1)),
      ),
  })),
  "lists in the order of writing": broken((good) => ({
    list: (options) =>
      lazily(async () => {
        const found: RecordMetadata[] = [];
        for await (const metadata of good.list(options)) found.push(metadata);
        return found.sort((a, b) => a.size - b.size || (a.key < b.key ? 1 : -1));
      }),
  })),
  "lists the last key of a page again": broken((good) => ({
    list: (options = {}) =>
      lazily(async () =>
        (await all(good)).filter(({ key }) => key.startsWith(options.prefix ?? "") && key >= (options.after ?? "")),
      ),
  })),
  "ignores the prefix": broken((good) => ({
    list: (options) => good.list(options?.after === undefined ? {} : { after: options.after }),
  })),
  "lists 100 records at most": broken((good) => ({
    list: (options) =>
      lazily(async () => {
        const found: RecordMetadata[] = [];
        for await (const metadata of good.list(options)) if (found.push(metadata) === 100) break;
        return found;
      }),
  })),
  "never changes its version": broken(() => ({ version: () => 1 })),
  "changes its version at every look": broken(() => {
    let looks = 0;
    return { version: () => (looks += 1) };
  }),
  "counts versions by size": broken((good) => ({
    version: (key) => (good.head(key) as RecordMetadata | undefined)?.size ?? -1,
  })),
  "keeps values among the records": broken((good) =>
    withValues(good, {
      get: async (name) => (await good.get(name))?.bytes(),
      delete: (name) => good.delete(name),
    }),
  ),
  "loses values": broken((good) => withValues(good, { put: () => undefined })),
  "publishes a batch one by one": broken((good) => ({
    putAll: async (records) => {
      for (const [metadata, payload] of records) await good.put(metadata, payload);
    },
  })),
  "forgets all when it is closed": broken((good) => ({
    close: async () => {
      for (const { key } of await all(good)) await good.delete(key);
    },
  })),
  "claims what it cannot do": broken(() => ({
    capabilities: { ...claimsAll, atomicBatch: false },
  })),
};

async function* lazily(find: () => Promise<RecordMetadata[]>): AsyncIterable<RecordMetadata> {
  yield* await find();
}

describe("storageSuite()", () => {
  it.each(Object.entries(mutants))("finds a storage that %s", async (_, make) => {
    expect(await firstFailure(() => ({ storage: make() }))).toBeTypeOf("string");
  });

  it("finds a second storage that reads what it has read before", async () => {
    const title = "Two storages of one place see each other's records";
    expect(await failsInFolder(title, (storage) => storage)).toBe(false);
    expect(await failsInFolder(title, remembering)).toBe(true);
  });

  it("finds a storage that gives the metadata of one record and the payload of another", async () => {
    const title = "A record that is replaced after it was found gives its own payload or a RecordError";
    expect(await failsInFolder(title, (storage) => storage)).toBe(false);
    expect(await failsInFolder(title, readingLate)).toBe(true);
  });

  it("passes a good storage, whichever runner calls it", async () => {
    const titles: string[] = [];
    const runs: Array<Promise<void>> = [];
    const runner = {
      describe: (_: string, body: () => void) => body(),
      it: (title: string, body: () => Promise<void>) => (titles.push(title), runs.push(body())),
    };
    const skip = Object.fromEntries(
      storageChecks.filter((check) => check.needsAnother).map(({ title }) => [title, "memory is not shared"]),
    );
    storageSuite(runner, "good", () => ({ storage: memoryStorage() }), { skip });
    await Promise.all(runs);
    expect(titles).toHaveLength(storageChecks.length - Object.keys(skip).length);
  });

  it("refuses to skip a check that there is not, and to run one without what it needs", async () => {
    const runner = { describe: (_: string, body: () => void) => body(), it: () => undefined };
    expect(() =>
      storageSuite(runner, "x", () => ({ storage: memoryStorage() }), { skip: { "No such check": "why" } }),
    ).toThrow(RangeError);
    const two = storageChecks.find((check) => check.needsAnother)!;
    await expect(two.run(() => ({ storage: memoryStorage() }))).rejects.toThrow("another()");
  });

  it("gives every check a title of its own that is a sentence", () => {
    const titles = storageChecks.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    for (const title of titles) expect(title).toMatch(/^[A-Z].* .*[^.]$/);
  });
});

async function failsInFolder(title: string, broken: (good: Storage) => Storage): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "oxbow-suite-"));
  try {
    const open = (): Storage => broken(sqliteStorage(folder));
    return await fails(storageChecks.find((check) => check.title === title)!, () => ({
      storage: open(),
      another: open,
    }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function remembering(good: Storage): Storage {
  const known = new Map<string, StoredRecord | undefined>();
  return new Proxy(good, {
    get(target, name) {
      if (name === "get") {
        return async (key: string) => {
          if (!known.has(key)) known.set(key, await good.get(key));
          return known.get(key);
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function readingLate(good: Storage): Storage {
  return new Proxy(good, {
    get(target, name) {
      if (name === "get") {
        return async (key: string) => {
          const record = await good.get(key);
          return (
            record && {
              metadata: record.metadata,
              bytes: async () => (await good.get(key))?.bytes() ?? new Uint8Array(0),
            }
          );
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
