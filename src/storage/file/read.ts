import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { checkFolder, codeOf, quiet } from "../../io/disk-failure.ts";
import { readAsync, syncLimit } from "../../io/disk-files.ts";
import { checkedStream } from "../internal/checked-stream.ts";
import { filePieces, type OpenPayload, readChecked } from "../internal/read-checked.ts";
import { badSize, checkPayload, damagedRecord, replacedRecord } from "../internal/record-checks.ts";
import { decodeFrameHeader, type FrameHeader, longestFrameHeader } from "../internal/record-frame.ts";
import { versionOf } from "./version.ts";
import type { Awaitable } from "../../kernel/awaitable.ts";
import type { RecordMetadata, StoredRecord } from "../storage.ts";

/*
 * DESIGN: how a record file is read.
 *
 * What it does: one `stat` (a miss costs no exception), then one synchronous read of the beginning of the file
 * into a buffer that is used again and again. A small record is complete with that. The payload of a large one is
 * read in the thread pool when it is asked for, hashed on the way: all of it, or piece by piece.
 * What it promises: a large record that was replaced between the two reads is a RecordError, never a mixture.
 * What the caller must do: wrap errors.
 */

/** How a line that is longer than the first read begins: see record-frame.ts. */
const lineBegins = Buffer.from('{"formatVersion":');

/** Holds a record with a payload of {@link syncLimit} and ordinary metadata. Never leaves this file. */
let buffer: Buffer | undefined;
const bufferSize = syncLimit + 8 * 1024;

interface Beginning {
  /** Part of the shared buffer: to be used up before anything else is read. */
  readonly bytes: Buffer;
  readonly header: FrameHeader;
  /** Of the whole file. */
  readonly size: number;
}

/** The record in the file at `path`. */
export function readRecord(path: string, key: string): StoredRecord | undefined {
  const stats = statFile(path);
  const found = withFile(path, stats, (file) => readBeginning(file, path, key, bufferSize));
  if (stats === undefined || found === undefined) return undefined;
  const version = versionOf(stats);
  const { metadata, length } = found.header;
  checkFileSize(found, path);
  if (found.bytes.byteLength < found.size) {
    const bytes = (): Promise<Uint8Array> => readLargePayload(path, metadata);
    const pieces = (): AsyncIterable<Uint8Array> => filePieces(() => openPayload(path, metadata), path);
    return { metadata, version, bytes, stream: () => checkedStream(pieces(), metadata, path) };
  }
  // A copy in memory of its own: the buffer is used again, and the caller owns what it gets.
  const payload = new Uint8Array(found.bytes.subarray(length));
  const bytes = (): Uint8Array => checkPayload(payload, metadata, path);
  return { metadata, version, bytes, stream: () => checkedStream([payload], metadata, path) };
}

/**
 * The metadata of the record in the file at `path`.
 *
 * @param key the key that was asked for, or `undefined` where any is right
 */
export function readMetadata(path: string, key: string | undefined): RecordMetadata | undefined {
  const found = withFile(path, statFile(path), (file) => readBeginning(file, path, key, 4096));
  if (found !== undefined) checkFileSize(found, path);
  return found?.header.metadata;
}

/** Whether the file at `path` begins as records do: what tells a damaged one from a file of somebody else. */
export function beginsLikeRecord(path: string): boolean {
  const beginning = Buffer.alloc(lineBegins.length);
  const count = withFile(path, statFile(path), (file) => readSync(file, beginning, 0, beginning.length, 0)) ?? 0;
  return count === lineBegins.length && beginning.equals(lineBegins);
}

/** All bytes of the file at `path`: synchronously where it is small. */
export function readWhole(path: string): Awaitable<Uint8Array | undefined> {
  const file = openFile(path, statFile(path));
  if (file === undefined) return undefined;
  const { size } = fstatSync(file);
  if (size > syncLimit) return readAsync(file, 0, size).finally(() => closeSync(file));
  try {
    const bytes = new Uint8Array(size);
    return bytes.subarray(0, readSync(file, bytes, 0, size, 0));
  } finally {
    closeSync(file);
  }
}

/**
 * The file at `path`, piece by piece; `undefined` where there is none.
 *
 * @param gone what is thrown where it has gone by the time that it is read
 */
export function streamWhole(path: string, gone: () => Error): AsyncIterable<Uint8Array> | undefined {
  if (statFile(path) === undefined) return undefined;
  return filePieces(() => {
    const file = openFile(path, statFile(path));
    if (file === undefined) throw gone();
    return { file, offset: 0, size: fstatSync(file).size };
  }, path);
}

/** `undefined` where there is no file. What is no file is never opened: a pipe would block for ever. */
export function statFile(path: string): Stats | undefined {
  const stats = statSync(path, quiet);
  if (stats === undefined) checkFolder(dirname(path));
  else if (!stats.isFile()) throw damagedRecord(path, "is not a file");
  return stats;
}

function checkFileSize({ size, header }: Beginning, path: string): void {
  const { length, metadata } = header;
  // Without any payload it is an entry for a value that is kept elsewhere (or cut short: `bytes` notices).
  if (size !== length + metadata.size && size !== length) throw badSize(size - length, metadata.size, path);
}

function readBeginning(file: number, path: string, key: string | undefined, limit: number): Beginning {
  for (let size = limit; ; size = Math.min(size * 16, longestFrameHeader)) {
    const target = size > bufferSize ? Buffer.allocUnsafeSlow(size) : (buffer ??= Buffer.allocUnsafeSlow(bufferSize));
    const count = readSync(file, target, 0, size, 0);
    const bytes = target.subarray(0, count);
    const header = decodeFrameHeader(bytes, key, path);
    // A short read of a file ends where the file does.
    if (header !== undefined) return { bytes, header, size: count < size ? count : fstatSync(file).size };
    // A large file of somebody else is not read for a newline that says nothing.
    if (count < size || size === longestFrameHeader || !bytes.subarray(0, lineBegins.length).equals(lineBegins))
      throw damagedRecord(path, "does not begin with a line of metadata");
  }
}

function withFile<T>(path: string, stats: Stats | undefined, use: (file: number) => T): T | undefined {
  const file = openFile(path, stats);
  if (file === undefined) return undefined;
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

/** Opens a file for reading; `undefined` where there is none. */
function openFile(path: string, stats: Stats | undefined): number | undefined {
  if (stats === undefined) return undefined;
  try {
    return openSync(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function readLargePayload(path: string, expected: RecordMetadata): Promise<Uint8Array> {
  const { file, offset } = openPayload(path, expected);
  try {
    return await readChecked(file, offset, expected, path);
  } finally {
    closeSync(file);
  }
}

/** @throws {RecordError} where the file is not the one that `expected` was read from */
function openPayload(path: string, expected: RecordMetadata): OpenPayload {
  const file = openFile(path, statFile(path));
  if (file === undefined) throw replacedRecord(path);
  try {
    // Compared before the first wait. From here on the name may be renamed over: the open file stays what it is.
    const found = readBeginning(file, path, expected.key, 4096);
    const { metadata, length } = found.header;
    if (metadata.sha256 !== expected.sha256) throw replacedRecord(path);
    checkFileSize(found, path);
    return { file, offset: length, size: found.size - length };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}
