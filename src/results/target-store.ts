/* The store of a task whose result is a plain file: the extension of the file says how it is written, and there is nothing else in it. */
import { spool } from "../io/spool.ts";
import { newHash } from "../hashing/sha256.ts";
import { andThen, type Awaitable } from "../kernel/awaitable.ts";
import { collect, isByteSource } from "../kernel/byte-source.ts";
import type { CacheMode } from "../kernel/cache-mode.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import { type FileFormat, fileFormatFor } from "../serializers/file-formats.ts";
import type { Serializer } from "../serializers/serializer.ts";
import type { FileArea, Payload } from "../storage/storage.ts";
import type { EncodedValue } from "./encode.ts";
import { digestOf, sizeOf } from "./payload.ts";
import { ResultStore } from "./result-store.ts";
import { targetStorage } from "./target-storage.ts";

/** What a {@link TargetStore} is made of. */
export interface TargetStoreOptions {
  readonly files: FileArea;
  /** The path of the file; its extension decides how it is written. */
  readonly path: string;
  /** How long after it was written a file counts. @default for ever */
  readonly expirationMs?: number | undefined;
  readonly spoolPath: string;
  readonly lockManager?: LockManager | undefined;
  readonly mode?: CacheMode | undefined;
}

export class TargetStore extends ResultStore {
  readonly #format: FileFormat;
  readonly #spoolPath: string;

  constructor({ files, path, expirationMs, ...rest }: TargetStoreOptions) {
    const format = fileFormatFor(path);
    const serializer = serializerOf(format);
    const storage = targetStorage(files, serializer.format, expirationMs);
    // Nothing proves that the file is still the same, so none is kept in memory.
    super({ ...rest, storage, serializer, serializerFor: () => serializer, memory: { entries: 0, bytes: 0 } });
    this.#format = format;
    this.#spoolPath = rest.spoolPath;
  }

  override encode(value: unknown, onTouch?: () => void): Awaitable<EncodedValue> {
    return andThen(this.#format.write(value), (written) => {
      if (Array.isArray(written)) return this.#encoded(written, sizeOf(written), digestOf(written));
      onTouch?.();
      return this.#spooled(
        isByteSource(written as Payload)
          ? (written as { chunks(): AsyncIterable<Uint8Array> }).chunks()
          : (written as AsyncIterable<Uint8Array>),
      );
    });
  }

  async #spooled(chunks: AsyncIterable<Uint8Array>): Promise<EncodedValue> {
    const hash = newHash();
    const source = await spool(chunks, this.#spoolPath, (chunk) => void hash.update(chunk));
    return this.#encoded(source, source.size, hash.digest("hex"));
  }

  #encoded(payload: Payload, size: number, sha256: string): EncodedValue {
    return { format: this.serializer.format, payload, size, sha256 };
  }

  override keeps(value: unknown): boolean {
    return this.#format.keeps(value);
  }

  override open({ payload }: Pick<EncodedValue, "payload">): Awaitable<unknown> {
    if (!isByteSource(payload)) return this.serializer.deserialize(new Uint8Array(Buffer.concat(payload)));
    return this.#format.read({ bytes: () => collect(payload.chunks()), stream: () => payload.chunks() });
  }
}

/** A file format in the place of a serializer: its files name none themselves. */
function serializerOf(format: FileFormat): Serializer {
  return {
    format: `file:${format.name}`,
    serialize: () => {
      throw new Error("A target is written by its store");
    },
    deserialize: (bytes) =>
      format.read({
        bytes: () => bytes,
        stream: async function* () {
          yield bytes;
        },
      }),
  };
}
