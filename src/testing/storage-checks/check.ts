import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Awaitable } from "../../kernel/awaitable.ts";
import type { ListOptions, RecordMetadata, Storage } from "../../storage/storage.ts";

/** An empty place for records, and the storage that is judged there. */
export interface StoragePlace {
  readonly storage: Storage;
  /** A second storage of the same place, as another process would have it. */
  readonly another?: (() => Awaitable<Storage>) | undefined;
  /** Removes the place; the storages have been closed by then. */
  readonly dispose?: (() => Awaitable<void>) | undefined;
}

/** Makes a new, empty place: once per check. */
export type OpenStoragePlace = () => Awaitable<StoragePlace>;

/** One promise of the contract, and how to find out whether it is kept. */
export interface StorageCheck {
  /** A sentence. */
  readonly title: string;
  /** Whether {@link StoragePlace.another} is needed. */
  readonly needsAnother: boolean;
  /** Throws where the promise is not kept. */
  run(open: OpenStoragePlace): Promise<void>;
}

/** Makes a check that uses one storage. */
export function check(title: string, body: (storage: Storage) => Promise<void>): StorageCheck {
  return { title, needsAnother: false, run: (open) => inPlace(open, ({ storage }) => body(storage)) };
}

/** Makes a check that uses two storages of one place. */
export function checkTwo(title: string, body: (storage: Storage, other: Storage) => Promise<void>): StorageCheck {
  return {
    title,
    needsAnother: true,
    run: (open) =>
      inPlace(open, async ({ storage, another }) => {
        assert.ok(another, "The place has no `another()`: add it, or skip the check and say why");
        const other = await another();
        try {
          await body(storage, other);
        } finally {
          await other.close();
        }
      }),
  };
}

async function inPlace(open: OpenStoragePlace, body: (place: StoragePlace) => Promise<void>): Promise<void> {
  const place = await open();
  try {
    await body(place);
  } finally {
    await place.storage.close();
    await place.dispose?.();
  }
}

/** Text or bytes as bytes. */
export function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

/** Metadata that fit a payload. */
export function metadataFor(
  key: string,
  content: string | Uint8Array,
  more: Partial<RecordMetadata> = {},
): RecordMetadata {
  const bytes = bytesOf(content);
  return {
    formatVersion: 1,
    key,
    createdAt: 1_767_225_600_000,
    serializer: "json",
    size: bytes.byteLength,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    durationMs: 12.5,
    taskName: "fetch-page",
    taskRunId: "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    tags: ["nightly"],
    components: { "inputs.url": "ab12", "task-source": "cd34" },
    ...more,
  };
}

/** Writes a record of this content. */
export async function put(
  storage: Storage,
  key: string,
  content: string | Uint8Array,
  more?: Partial<RecordMetadata>,
): Promise<void> {
  const written = await storage.put(metadataFor(key, content, more), [bytesOf(content)]);
  assert.equal(written, true, "put() without ifAbsent answers true");
}

/** The content under a key. */
export async function read(storage: Storage, key: string): Promise<Uint8Array | undefined> {
  const record = await storage.get(key);
  return record && (await record.bytes());
}

/** Fails unless the key holds exactly this. */
export async function expectContent(storage: Storage, key: string, content: string | Uint8Array): Promise<void> {
  const found = await read(storage, key);
  assert.ok(found, `There is nothing under the key ${shown(key)}`);
  expectBytes(found, content, `The payload under the key ${shown(key)}`);
  const record = await storage.head(key);
  assert.equal(record?.key, key, "The metadata belong to the key");
}

/** Fails unless the bytes are these. */
export function expectBytes(found: Uint8Array | undefined, content: string | Uint8Array, what: string): void {
  assert.ok(found instanceof Uint8Array, `${what} is not a Uint8Array`);
  const expected = bytesOf(content);
  assert.equal(found.byteLength, expected.byteLength, `${what} has another length`);
  assert.ok(Buffer.compare(found, expected) === 0, `${what} has other bytes`);
}

/** Fails unless nothing is there. */
export async function expectAbsent(storage: Storage, key: string): Promise<void> {
  assert.equal(await storage.get(key), undefined, `get() finds something under ${shown(key)}`);
  assert.equal(await storage.head(key), undefined, `head() finds something under ${shown(key)}`);
}

/** Fails unless the metadata are these; a field that is `undefined` may as well be missing. */
export function expectMetadata(found: RecordMetadata | undefined, expected: RecordMetadata): void {
  assert.ok(found, "There are no metadata");
  assert.deepEqual(defined(found), defined(expected));
  assert.deepEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(expected)), "The metadata as JSON");
}

function defined(metadata: RecordMetadata): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...metadata }).filter(([, value]) => value !== undefined));
}

/** The keys of a list, in its order. */
export async function listed(metadata: AsyncIterable<RecordMetadata>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of metadata) keys.push(key);
  return keys;
}

/** Fails unless the list has exactly these keys, in this order. Passes where the storage has no list. */
export async function expectListed(
  storage: Storage,
  expected: readonly string[],
  options?: ListOptions,
): Promise<void> {
  if (storage.capabilities.list) assert.deepEqual(await listed(storage.list(options)), expected);
}

/** A key that fits into a message. */
export function shown(key: string): string {
  return JSON.stringify(key.length > 60 ? `${key.slice(0, 60)}…` : key);
}

/** Bytes in which every position has a value of its own, for a seed. */
export function pattern(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i += 1) bytes[i] = (i * 31 + (i >> 8) * 7 + seed) & 0xff;
  return bytes;
}
