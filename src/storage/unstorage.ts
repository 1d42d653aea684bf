import { ConfigurationError, RecordError } from "../kernel/errors.ts";
import { type Duration, toMs } from "../kernel/duration.ts";
import { checkOptionNames } from "../kernel/option-names.ts";
import { inOrder } from "./internal/in-order.ts";
import { checkPayload, checkPayloadSize, sizeOf } from "./internal/record-checks.ts";
import { encodeFrameHeader } from "./internal/record-frame.ts";
import { compareUtf8 } from "./internal/utf8-order.ts";
import type { ListOptions, PutOptions, RecordMetadata, Storage, StoredRecord, ValueArea } from "./storage.ts";
import { checkRecord, recordOf, valueFrame, valueOf } from "./unstorage/frames.ts";
import { UnstorageItems, type UnstorageLike } from "./unstorage/items.ts";
import { keyOfRecordItem, recordBases, recordItem, valueItem } from "./unstorage/names.ts";

export type { UnstorageLike } from "./unstorage/items.ts";

/** How {@link fromUnstorage} uses a storage of `unstorage`. */
export interface FromUnstorageOptions {
  /**
   * Whether what is written outlives the process.
   *
   * @default `false` where all drivers are `memory`, `lru-cache` or `null`; else `true`
   */
  readonly persistent?: boolean | undefined;
  /**
   * Whether each write is looked for afterwards: one more request, without which a driver that drops what is too large, or
   * is read-only, would go unnoticed. Write `false` for services that show a write only after a while.
   *
   * @default true
   */
  readonly verifyWrites?: boolean | undefined;
  /** How long the driver may take for a request. @default "2 min" */
  readonly timeout?: Duration | undefined;
  /**
   * Where it is, for people: what messages and reports say. No credentials. Storages of one place should have the same.
   *
   * @default the names of its drivers, and a number
   */
  readonly location?: string | undefined;
}

/*
 * DESIGN: a storage out of one of the package `unstorage`, which has drivers for some thirty places.
 *
 * What it does: one item per record (internal/record-frame.ts), as bytes (unstorage/items.ts, unstorage/raw-bytes.ts), named so that
 * every driver takes it (unstorage/names.ts).
 * What it promises: never a wrong value. What comes back cut, changed or as something else is a RecordError. Within a process, and
 * through one object of unstorage, all of the contract.
 * What no driver promises: that a record is whole or absent for other processes (several write in place: their readers can meet half
 * of a record, which is a RecordError and so a miss), or who of several writers wins. So there is no `putIfAbsent`, no fencing,
 * no batch; `ifAbsent` looks and then writes. All of a record is in memory at once, and also `head` and `list` read all of it.
 * What the caller must do: close the storage of unstorage itself (`dispose()`); it is not closed here.
 */

/**
 * Keeps records in any storage of the package `unstorage`: Redis, Cloudflare KV, MongoDB, Vercel Blob, and so on. Where Oxbow has a
 * storage of its own for a place, that one promises more and reads less.
 *
 * `close()` leaves `storage` open, because whoever made it may use it for other things: its `dispose()` is yours to call. What is in it
 * beside Oxbow's items (`records:…`, `hashed:…`, `values:…`, `hashed-values:…`) is left alone; `prefixStorage()` puts them in a corner of
 * their own. Where a driver does not list its keys, or leaves some out, so does `list()`.
 *
 * @param storage what `createStorage()` or `prefixStorage()` has made
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where it is something else; `OXBOW_OPTION_UNKNOWN`; `OXBOW_DURATION_INVALID`
 *
 * @example
 * ```ts
 * import { createStorage } from "unstorage";
 * import fsDriver from "unstorage/drivers/fs";
 * import { fromUnstorage } from "oxbow/storage/unstorage";
 *
 * const storage = fromUnstorage(createStorage({ driver: fsDriver({ base: "./cache" }) }));
 * ```
 */
export function fromUnstorage(storage: UnstorageLike, options: FromUnstorageOptions = {}): Storage {
  checkOptionNames(options, ["persistent", "verifyWrites", "timeout", "location"], "fromUnstorage()");
  checkStorage(storage);
  const timeoutMs = Math.min(toMs(options.timeout ?? "2 min", "fromUnstorage(): timeout"), longestTimer);
  const drivers = driversOf(storage);
  const location = options.location ?? locationOf(storage, drivers);
  const items = new UnstorageItems(storage, location, timeoutMs, options.verifyWrites ?? true);
  return new UnstorageStorage(items, options.persistent ?? !isForgetful(drivers));
}

class UnstorageStorage implements Storage {
  readonly kind = "unstorage";
  readonly location: string;
  readonly capabilities: Storage["capabilities"];
  readonly values: ValueArea;
  readonly #items: UnstorageItems;

  constructor(items: UnstorageItems, persistent: boolean) {
    this.location = items.location;
    this.capabilities = {
      persistent,
      putIfAbsent: false,
      atomicBatch: false,
      fencing: false,
      versions: false,
      streams: false,
      list: true,
    };
    this.values = new UnstorageValues(items);
    this.#items = items;
  }

  async get(key: string): Promise<StoredRecord | undefined> {
    const name = recordItem(key);
    const readings = await this.#items.read(name);
    if (readings === undefined) return undefined;
    const where = this.#items.named(name);
    const { metadata, payload } = recordOf(readings, key, where);
    return { metadata, bytes: () => checkPayload(new Uint8Array(payload), metadata, where) };
  }

  async head(key: string): Promise<RecordMetadata | undefined> {
    return (await this.get(key))?.metadata;
  }

  async put(metadata: RecordMetadata, payload: readonly Uint8Array[], options?: PutOptions): Promise<boolean> {
    checkPayloadSize(metadata, payload);
    const name = recordItem(metadata.key);
    // A copy: drivers that keep things in memory keep the very bytes that they were given.
    const bytes = Buffer.concat([encodeFrameHeader(metadata), ...payload]);
    const hasPayload = sizeOf(payload) > 0;
    const check = (readings: readonly Buffer[]): void => checkRecord(readings, hasPayload, this.#items.named(name));
    return this.#items.write(name, bytes, check, options?.ifAbsent);
  }

  async delete(key: string): Promise<boolean> {
    return this.#items.remove(recordItem(key));
  }

  async *list(options: ListOptions = {}): AsyncIterable<RecordMetadata> {
    const [named, hashed] = await Promise.all(recordBases.map((base) => this.#items.names(base)));
    const odd: RecordMetadata[] = [];
    for await (const metadata of inOrder(hashed!, readsAtOnce, (name) => this.#metadata(name, undefined)))
      if (metadata !== undefined && isWanted(metadata.key, options)) odd.push(metadata);
    // As they were found, or as they are found when their turn comes: in one order.
    const found = new Map<string, RecordMetadata | string>(odd.map((metadata) => [metadata.key, metadata]));
    for (const name of named!) {
      const key = keyOfRecordItem(name);
      if (key !== undefined && isWanted(key, options)) found.set(key, name);
    }
    const keys = [...found.keys()].sort(compareUtf8);
    const all = inOrder(keys, readsAtOnce, async (key) => {
      const known = found.get(key)!;
      return typeof known === "string" ? this.#metadata(known, key, options.onDamaged) : known;
    });
    for await (const metadata of all) if (metadata !== undefined) yield metadata;
  }

  /** The metadata in an item, where they can be used and belong there. */
  async #metadata(
    name: string,
    key: string | undefined,
    onDamaged?: ListOptions["onDamaged"],
  ): Promise<RecordMetadata | undefined> {
    try {
      const readings = await this.#items.read(name);
      if (readings === undefined) return undefined;
      const { metadata } = recordOf(readings, key, this.#items.named(name));
      return recordItem(metadata.key) === name ? metadata : undefined;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      if (key !== undefined) onDamaged?.(key, error);
      return undefined;
    }
  }

  close(): void {}
}

const readsAtOnce = 8;
/** Timers that are longer go off at once. */
const longestTimer = 2 ** 31 - 1;

class UnstorageValues implements ValueArea {
  readonly #items: UnstorageItems;

  constructor(items: UnstorageItems) {
    this.#items = items;
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    const item = valueItem(name);
    const readings = await this.#items.read(item);
    return readings && valueOf(readings, name, this.#items.named(item));
  }

  async put(name: string, payload: readonly Uint8Array[]): Promise<void> {
    const item = valueItem(name);
    const check = (readings: readonly Buffer[]): unknown => valueOf(readings, name, this.#items.named(item));
    await this.#items.write(item, valueFrame(name, payload), check);
  }

  async delete(name: string): Promise<boolean> {
    return this.#items.remove(valueItem(name));
  }
}

function isWanted(key: string, { prefix = "", after }: ListOptions): boolean {
  return key.startsWith(prefix) && (after === undefined || compareUtf8(key, after) > 0);
}

const methods = ["getItemRaw", "setItemRaw", "hasItem", "removeItem", "getKeys"] as const;

function checkStorage(storage: UnstorageLike): void {
  const given = storage as Partial<UnstorageLike & { name: unknown }> | null | undefined;
  const missing = methods.find((method) => typeof given?.[method] !== "function");
  // A driver may have them all, and means something else by them.
  if (missing === undefined && typeof given?.name !== "string") return;
  const fault = missing === undefined ? `this is the driver ${given?.name}` : `the storage has no method ${missing}()`;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `fromUnstorage(): ${fault}`, {
    hint: "pass what createStorage() of unstorage has made: createStorage({ driver })",
  });
}

/** The names of all drivers, as far as they can be told: a storage may have several mounted. */
function driversOf(storage: UnstorageLike): readonly string[] {
  return [...new Set((storage.getMounts?.() ?? []).map(({ driver }) => driver.name ?? "unknown"))].sort();
}

const forgetful: readonly string[] = ["memory", "lru-cache", "null"];

function isForgetful(drivers: readonly string[]): boolean {
  return drivers.length > 0 && drivers.every((driver) => forgetful.includes(driver));
}

const places = new WeakMap<UnstorageLike, number>();
let placesSoFar = 0;

function locationOf(storage: UnstorageLike, drivers: readonly string[]): string {
  let place = places.get(storage);
  if (place === undefined) places.set(storage, (place = placesSoFar += 1));
  return `unstorage #${place}${drivers.length === 0 ? "" : ` (${drivers.join(", ")})`}`;
}
