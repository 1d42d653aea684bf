import { closeSync, fsyncSync, mkdirSync, openSync, read, statSync, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { checkFolder, codeOf, quiet } from "./disk-failure.ts";

/**
 * Up to here files are read and written synchronously: it takes 5 to 50 µs, where a trip to the thread pool and
 * back takes 80 to 140. Beyond, the disk takes longer than the trip, and the event loop must not wait for it.
 */
export const syncLimit: number = 64 * 1024;

// Windows does not open folders as files; its file systems journal the names themselves.
const foldersCanBeFlushed = process.platform !== "win32";

/** How much of a large file is read, and hashed, at a time. */
const step = 1024 * 1024;

/** Writes a file that must not be there yet. */
export function writeNewFileSync(path: string, chunks: readonly Uint8Array[]): void {
  const bytes = joined(chunks);
  const file = openSync(path, "wx");
  try {
    for (let done = 0; done < bytes.byteLength; ) done += writeSync(file, bytes, done);
  } finally {
    closeSync(file);
  }
}

/**
 * Writes a file that must not be there yet, without holding up the event loop. The chunks must not be changed
 * before it has finished.
 *
 * @param flush waits until the bytes are on the medium, so that they outlive a power loss
 */
export async function writeNewFile(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  flush: boolean,
): Promise<void> {
  const file = await open(path, "wx");
  try {
    for await (const chunk of chunks) await writeAll(file, chunk);
    if (flush) await file.datasync();
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  // One call writes 2 GiB at most, and less when the disk is nearly full: the next call then says so.
  for (let done = 0; done < chunk.byteLength; ) done += (await file.write(chunk, done)).bytesWritten;
}

/**
 * Makes a folder, and those above it. Step by step: `mkdir` with `recursive` never returns where the file system says
 * of a folder that it cannot make that it is not there, as `/proc` does.
 *
 * @param mode the rights of those that are made; the usual ones where it is left out
 * @returns the folders that have got a new name in them: to be flushed, where names have to outlive a power loss
 */
export function createFolder(path: string, mode?: number): string[] {
  checkFolder(path);
  const missing: string[] = [];
  for (let next = path; statSync(next, quiet) === undefined; next = dirname(next)) missing.push(next);
  for (const next of missing.toReversed()) makeFolder(next, mode);
  return missing.map((next) => dirname(next));
}

function makeFolder(path: string, mode?: number): void {
  try {
    mkdirSync(path, mode);
  } catch (error) {
    // Another process was faster.
    if (codeOf(error) !== "EEXIST" || !statSync(path, quiet)?.isDirectory()) throw error;
  }
}

/** Makes the names in a folder outlive a power loss. */
export async function flushFolder(path: string): Promise<void> {
  if (!foldersCanBeFlushed) return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** {@link flushFolder}, where nothing can be waited for. */
export function flushFolderSync(path: string): void {
  if (!foldersCanBeFlushed) return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * Reads `size` bytes of an open file from `offset` on, in steps, without holding up the event loop.
 *
 * @param onChunk gets each piece as it arrives, so that hashing goes along with the reading
 * @returns fewer bytes where the file is shorter
 */
export async function readAsync(
  file: number,
  offset: number,
  size: number,
  onChunk?: (chunk: Uint8Array) => void,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  const next = (at: number): Promise<number> =>
    at < size ? readStep(file, bytes, at, Math.min(step, size - at), offset + at) : Promise.resolve(0);
  let done = 0;
  let pending = next(0);
  while (done < size) {
    const count = await pending;
    if (count === 0) return bytes.subarray(0, done);
    const chunk = bytes.subarray(done, done + count);
    done += count;
    // One step ahead: the disk and the hash work at the same time.
    pending = next(done);
    onChunk?.(chunk);
  }
  return bytes;
}

/**
 * Some of an open file, in memory of its own.
 *
 * @param most how many bytes at most; a piece has a MiB at most in any case
 * @returns no bytes at the end of the file
 */
export async function readPiece(file: number, offset: number, most: number): Promise<Uint8Array> {
  const piece = new Uint8Array(Math.min(step, most));
  return piece.subarray(0, await readStep(file, piece, 0, piece.byteLength, offset));
}

function readStep(file: number, bytes: Uint8Array, at: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(file, bytes, at, length, position, (error, count) => (error ? reject(error) : resolve(count)));
  });
}

/** All chunks as one; without a copy where there is only one. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
