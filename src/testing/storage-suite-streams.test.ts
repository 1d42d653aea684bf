import { describe, expect, it } from "vitest";
import { broken, changed, changedMetadata, fails } from "../../tests/fixtures/broken-storages.ts";
import { cut, failsInFolder, sourcing, streaming, valuing, whatCame } from "../../tests/fixtures/broken-streams.ts";
import { collect } from "../kernel/byte-source.ts";
import { StorageError } from "../kernel/errors.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { Storage, ValueArea } from "../storage/storage.ts";
import { sourceChecks } from "./storage-checks/source-faults.ts";
import { streamChecks } from "./storage-checks/streams.ts";
import { storageChecks } from "./storage-suite.ts";

/* Storages that break a promise about streams, each with the check that has to find it. */

const claims = memoryStorage().capabilities;

const mutants: ReadonlyArray<readonly [name: string, title: string, make: () => Storage]> = [
  [
    "drops the signature",
    "Metadata come back with all optional fields",
    changedMetadata(({ signature: _, ...metadata }) => metadata),
  ],
  [
    "lists what it says it cannot",
    "Where there is no list, asking for one is a StorageError",
    broken(() => ({ capabilities: { ...claims, list: false } })),
  ],
  [
    "claims streams of values that it has not",
    "A storage says what it is, and has what its capabilities say",
    valuing(() => ({ open: undefined }) as unknown as Partial<ValueArea>),
  ],
  [
    "has streams that it does not claim",
    "A storage says what it is, and has what its capabilities say",
    broken(() => ({ capabilities: { ...claims, streams: false } })),
  ],
  [
    "loses the end of a source",
    "A source goes in, and comes out as it was, as a stream and as bytes",
    sourcing(async (good, source, metadata, _, options) => {
      const bytes = new Uint8Array(await collect(source.chunks()));
      bytes.fill(0, -1);
      return good.put(metadata, [bytes], options);
    }),
  ],
  [
    "streams the whole in one piece",
    "What was written as chunks can be read as a stream",
    streaming(
      (_, record) =>
        async function* () {
          yield await record.bytes();
        },
    ),
  ],
  [
    "streams one record at a time",
    "A record can be streamed twice, one after the other and side by side",
    () => {
      let isBusy = false;
      return streaming(
        (stream) =>
          async function* () {
            if (isBusy) throw new StorageError("busy");
            isBusy = true;
            await new Promise((resolve) => setImmediate(resolve));
            yield* stream();
            isBusy = false;
          },
      )();
    },
  ],
  [
    "streams the bytes that it keeps",
    "The pieces of a stream belong to the reader",
    () => {
      const kept = new Map<string, Uint8Array>();
      return streaming(
        (_, record) =>
          async function* () {
            const { sha256 } = record.metadata;
            if (!kept.has(sha256)) kept.set(sha256, await record.bytes());
            yield kept.get(sha256)!;
          },
      )();
    },
  ],
  [
    "cannot be closed beside a stream that was left early",
    "A stream that is left early, or never read, is in nobody's way",
    () => {
      let open = 0;
      const storage = streaming(
        (stream) =>
          async function* () {
            open += 1;
            yield* stream();
            open -= 1;
          },
      )();
      return new Proxy(storage, {
        get: (target, name) =>
          name === "close"
            ? () => {
                if (open > 0) throw new StorageError("busy");
              }
            : (Reflect.get(target, name, target) as unknown),
      });
    },
  ],
  [
    "streams without comparing the checksum",
    "The stream of a payload without the checksum of its metadata ends in a RecordError",
    streaming(
      (stream) =>
        async function* () {
          try {
            yield* stream();
          } catch {
            // A wrong value.
          }
        },
    ),
  ],
  [
    "streams nothing where nothing is",
    "The stream of a record whose value is kept elsewhere is a RecordError",
    streaming((stream) => () => {
      const pieces = stream();
      return (async function* () {
        let isEmpty = true;
        try {
          for await (const piece of pieces) {
            isEmpty = false;
            yield piece;
          }
        } catch (error) {
          if (!isEmpty) throw error;
        }
      })();
    }),
  ],
  [
    "streams what is there by then",
    "A record that is replaced or removed before its stream is read gives its own or none",
    streaming(
      (stream, { metadata }, good) =>
        async function* () {
          const now = await good.get(metadata.key);
          yield* now?.stream?.() ?? stream();
        },
    ),
  ],
  [
    "streams the first piece of a value",
    "A value may come from a source, and be read as a stream",
    valuing((values) => ({
      open: async (name) => {
        const stream = await values.open!(name);
        return (
          stream &&
          (async function* (): AsyncGenerator<Uint8Array, void> {
            for await (const piece of stream) return yield piece;
          })()
        );
      },
    })),
  ],
  [
    "keeps what came of a source that throws",
    "A source that throws half-way leaves what was there before, and its error is the cause",
    sourcing(async (good, source, metadata, _, options) => {
      const { bytes, error } = await whatCame(source);
      if (error === undefined) return good.put(metadata, [bytes], options);
      await good.put({ ...metadata, size: bytes.byteLength }, [bytes], options);
      throw new StorageError("failed", { cause: error });
    }),
  ],
  [
    "does not say why a source failed",
    "A source that throws half-way leaves what was there before, and its error is the cause",
    sourcing(async (good, source, metadata, _, options) => {
      const { bytes, error } = await whatCame(source);
      if (error !== undefined) throw new StorageError("failed");
      return good.put(metadata, [bytes], options);
    }),
  ],
  [
    "throws the error of a source as it is",
    "A source that throws half-way leaves what was there before, and its error is the cause",
    sourcing(async (good, source, metadata, _, options) =>
      good.put(metadata, [await collect(source.chunks())], options),
    ),
  ],
  [
    "takes a source of any length",
    "A source that has another length than it says is refused",
    sourcing(async (good, source, metadata, _, options) => {
      const bytes = await collect(source.chunks());
      return good.put({ ...metadata, size: bytes.byteLength }, [bytes], options);
    }),
  ],
  [
    "ignores ifAbsent where there is a source",
    "With ifAbsent a source is written where there is no record, and only there",
    sourcing((good, source, metadata) => good.put(metadata, source)),
  ],
  [
    "decides ifAbsent before it reads the source",
    "With ifAbsent a source is written where there is no record, and only there",
    sourcing(async (good, source, metadata, _, options) => {
      if (options?.ifAbsent && (await good.head(metadata.key))) return false;
      return good.put(metadata, source);
    }),
  ],
  [
    "ignores the fencing token of a source",
    "A source with a lower fencing token than that of the record is refused",
    sourcing(async (good, source, metadata, _, options) => {
      await good.delete(metadata.key);
      return good.put(metadata, source, options);
    }),
  ],
  [
    "takes the first chunk of a source in a batch",
    "A batch may have sources among its chunks",
    broken((good) => ({
      putAll: async (records) => {
        for (const [metadata, payload] of records) {
          const bytes = Buffer.concat(await cut(payload)).subarray(0, 60);
          await good.put({ ...metadata, size: bytes.byteLength }, [bytes]);
        }
      },
    })),
  ],
  [
    "publishes a batch one by one",
    "A batch with a source that throws publishes none of its records",
    broken((good) => ({
      putAll: async (records) => {
        for (const [metadata, payload] of records) await good.put(metadata, payload);
      },
    })),
  ],
];

/** Looks the record up anew for each piece, and compares nothing. */
function readingInSteps(good: Storage): Storage {
  return changed(good, {
    get: async (key) => {
      const record = await good.get(key);
      let last = new Uint8Array(0);
      return (
        record && {
          ...record,
          async *stream() {
            for (let at = 0; at < record.metadata.size; at += 1_000_000) {
              const now = await good.get(key);
              last = new Uint8Array((await now?.bytes()) ?? last);
              yield last.subarray(at, at + 1_000_000);
            }
          },
        }
      );
    },
  });
}

describe("storageSuite()", () => {
  it.each(mutants)("finds a storage that %s", async (_, title, make) => {
    const check = storageChecks.find((each) => each.title === title)!;
    expect(await fails(check, () => ({ storage: memoryStorage() })), "A good storage passes").toBe(false);
    expect(await fails(check, () => ({ storage: make() }))).toBe(true);
  });

  it("has a broken storage for every check of streams", () => {
    const found = new Set(mutants.map(([, title]) => title));
    const all = [...streamChecks, ...sourceChecks].filter((check) => !check.needsAnother);
    expect(all.map(({ title }) => title).filter((title) => !found.has(title))).toEqual([]);
  });

  it("finds a storage that mixes two records in one stream", async () => {
    const title = "A record that is replaced while its stream is read gives its own or a RecordError";
    expect(await failsInFolder(title, (storage) => storage)).toBe(false);
    expect(await failsInFolder(title, readingInSteps)).toBe(true);
  });
});
