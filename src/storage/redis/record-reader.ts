import { RecordError } from "../../kernel/errors.ts";
import { checkedStream, cut, filled } from "../internal/checked-stream.ts";
import { checkPayload, damagedRecord, replacedRecord } from "../internal/record-checks.ts";
import { decodeFrameHeader, type FrameHeader, longestFrameHeader } from "../internal/record-frame.ts";
import type { ListOptions, RecordMetadata, StoredRecord } from "../storage.ts";
import { joined, piecesOf } from "./pieces.ts";
import { longestValue, type RedisServer } from "./server.ts";

/** What one command brings: metadata and payload of nearly every record. */
const beginningBytes = 1024 * 1024;
/** The line of metadata of nearly every record. */
const lineBytes = 4096;

/** What the protocol puts around a string. */
const wrapping = 32;

/** The beginning of a record, with the whole of its metadata. */
interface Beginning extends FrameHeader {
  readonly bytes: Buffer;
  /** Whether that is all. */
  readonly isAll: boolean;
}

/*
 * DESIGN: how records are read.
 *
 * What it does: one command gives the first MiB, of nothing an empty string. What is longer is read piece by piece when it is asked for.
 * What it promises: the checksum tells pieces of one record from those of two. A record that was replaced meanwhile, has expired or was
 * evicted, is a RecordError.
 */
export class RecordReader {
  readonly #server: RedisServer;

  constructor(server: RedisServer) {
    this.#server = server;
  }

  async get(key: string): Promise<StoredRecord | undefined> {
    const beginning = await this.#server.range(this.nameOf(key), 0, beginningBytes);
    if (beginning.byteLength === 0) return undefined;
    const isAll = beginning.byteLength < beginningBytes;
    const found = this.#decode(key, beginning, isAll) ?? (await this.#complete(key, beginning));
    const { bytes, length, metadata } = found;
    if (!found.isAll && length + metadata.size > bytes.byteLength) return this.#long(found);
    const payload = bytesOfOwn(bytes, length);
    const where = this.#where(key);
    const stream = (): AsyncIterable<Uint8Array> => cut(checkedStream([payload], metadata, where));
    return { metadata, bytes: () => checkPayload(payload, metadata, where), stream };
  }

  async head(key: string): Promise<RecordMetadata | undefined> {
    const line = await this.#server.range(this.nameOf(key), 0, lineBytes);
    if (line.byteLength === 0) return undefined;
    return (this.#decode(key, line, line.byteLength < lineBytes) ?? (await this.#complete(key, line))).metadata;
  }

  /** The metadata for a list: `undefined` where the record is damaged or gone. */
  async listed(key: string, onDamaged: ListOptions["onDamaged"]): Promise<RecordMetadata | undefined> {
    try {
      return await this.head(key);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      onDamaged?.(key, error);
      return undefined;
    }
  }

  nameOf(key: string): string {
    return `${this.#server.prefix}r:${key}`;
  }

  /** @returns `undefined` where there may be more of the line of metadata */
  #decode(key: string, bytes: Buffer, isAll: boolean): Beginning | undefined {
    const where = this.#where(key);
    const header = decodeFrameHeader(bytes, key, where);
    if (header !== undefined) return { bytes, isAll, metadata: header.metadata, length: header.length };
    if (isAll || bytes.byteLength > longestFrameHeader) throw damagedRecord(where, "has no end of its metadata");
    return undefined;
  }

  /** Reads on until the line of metadata has come to its end. */
  async #complete(key: string, beginning: Buffer): Promise<Beginning> {
    for (let bytes = beginning; ; ) {
      const more = await this.#server.range(this.nameOf(key), bytes.byteLength, beginningBytes);
      bytes = Buffer.concat([bytes, more]);
      const found = this.#decode(key, bytes, more.byteLength < beginningBytes);
      if (found !== undefined) return found;
    }
  }

  #long(beginning: Beginning): StoredRecord {
    const { metadata } = beginning;
    const where = this.#where(metadata.key);
    const stream = (): AsyncIterable<Uint8Array> => this.#stream(beginning);
    const bytes = (): Promise<Uint8Array> => {
      if (metadata.size > longestValue)
        throw damagedRecord(where, "says that it has more bytes than Redis has room for");
      return filled(stream(), metadata.size, where);
    };
    return { metadata, bytes, stream: () => cut(stream()) };
  }

  async *#stream({ bytes, length, metadata }: Beginning): AsyncGenerator<Uint8Array, void> {
    const where = this.#where(metadata.key);
    const name = this.nameOf(metadata.key);
    const rest = piecesOf(this.#server, name, bytes.byteLength, length + metadata.size);
    try {
      yield* checkedStream(joined(bytes.subarray(length), rest), metadata, where);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      const now = await this.#server.range(name, 0, length);
      throw now.equals(bytes.subarray(0, length)) ? error : replacedRecord(where);
    }
  }

  #where(key: string): string {
    return `${this.#server.location} (key "${key}")`;
  }
}

/**
 * The bytes from somewhere on, in memory that nobody else uses. The client cuts what it gives out of what has come over the network at
 * once: where that was nothing else, as with one caller, there is no need to copy.
 */
function bytesOfOwn(bytes: Buffer, from: number): Uint8Array {
  const isAlone = bytes.buffer.byteLength - bytes.byteLength <= wrapping;
  return isAlone
    ? new Uint8Array(bytes.buffer, bytes.byteOffset + from, bytes.byteLength - from)
    : new Uint8Array(bytes.subarray(from));
}
