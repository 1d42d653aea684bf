import { closeSync, openSync, read, readdirSync, statSync, unlinkSync, write } from "node:fs";
import { join } from "node:path";
import type { ByteSource } from "../kernel/byte-source.ts";
import { messageOf, OxbowError, StorageError } from "../kernel/errors.ts";
import { codeOf, quiet } from "./disk-failure.ts";
import { createFolder } from "./disk-files.ts";
import { isLeftOver, ownedName, ownerOf } from "./leftovers.ts";

/*
 * DESIGN: a stream that can be read several times.
 *
 * What it does: keeps the bytes of a stream that has to be gone through before it can be stored (its length and its
 * checksum are wanted first), and afterwards again for whoever asked for it. The first MiB stays in memory; what is longer
 * goes to a file, whose name is removed as soon as it is open.
 * What it promises: memory holds a MiB and a piece. Nothing is left in the folder, whether this process ends or is
 * killed; where a name cannot be removed while the file is open (Windows), it goes with the spool, or by the next process.
 * What the caller must do: keep the source as long as it is read. The file is closed when nobody has the source any more.
 */

/** What is not longer stays in memory. */
const memoryLimit = 1024 * 1024;
/** How much is read at a time. */
const pieceSize = 256 * 1024;

/**
 * Takes in all of a stream.
 *
 * @param folder where the file goes; it is made where it is not there
 * @param onChunk sees each chunk on its way
 * @throws what the stream throws, as it is; {@link StorageError} where it cannot be kept here. Then nothing is left
 */
export async function spool(
  chunks: AsyncIterable<Uint8Array>,
  folder: string,
  onChunk: (chunk: Uint8Array) => void,
): Promise<ByteSource> {
  const kept: Uint8Array[] = [];
  let size = 0;
  let file: SpoolFile | undefined;
  try {
    for await (const chunk of chunks) {
      onChunk(chunk);
      // A copy: who makes the chunks may use their memory again.
      if (!file) kept.push(new Uint8Array(chunk));
      size += chunk.byteLength;
      if (file) await file.append(chunk);
      else if (size > memoryLimit) {
        file = new SpoolFile(folder);
        for (const each of kept.splice(0)) await file.append(each);
      }
    }
  } catch (error) {
    file?.close();
    throw error;
  }
  return file ?? new SpooledChunks(kept, size);
}

class SpooledChunks implements ByteSource {
  readonly size: number;
  readonly #chunks: readonly Uint8Array[];

  constructor(chunks: readonly Uint8Array[], size: number) {
    this.#chunks = chunks;
    this.size = size;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void> {
    for (const chunk of this.#chunks) yield chunk.slice();
  }
}

/** What is open, and the name that could not be removed yet. */
interface Open {
  readonly file: number;
  readonly path: string | undefined;
}

const abandoned = new FinalizationRegistry<Open>(release);

class SpoolFile implements ByteSource {
  size = 0;
  readonly #open: Open;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    try {
      this.#open = openNew(folder);
    } catch (error) {
      throw notKept(folder, error);
    }
    abandoned.register(this, this.#open, this);
  }

  async append(chunk: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < chunk.byteLength; ) {
        done += await writeAt(this.#open.file, chunk.subarray(done), this.size + done);
      }
    } catch (error) {
      throw notKept(this.#folder, error);
    }
    this.size += chunk.byteLength;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void> {
    for (let done = 0; done < this.size; ) {
      const piece = new Uint8Array(Math.min(pieceSize, this.size - done));
      const count = await this.#read(piece, done);
      if (count === 0)
        throw new StorageError(`A stream that was kept in the folder ${this.#folder} has become shorter`);
      done += count;
      yield piece.subarray(0, count);
    }
  }

  async #read(piece: Uint8Array, position: number): Promise<number> {
    try {
      return await readAt(this.#open.file, piece, position);
    } catch (error) {
      throw notKept(this.#folder, error);
    }
  }

  close(): void {
    abandoned.unregister(this);
    release(this.#open);
  }
}

/** A disk that is full has to say which one. */
function notKept(folder: string, cause: unknown): OxbowError {
  if (cause instanceof OxbowError) return cause;
  const why = codeOf(cause) ?? messageOf(cause);
  return new StorageError(`Cannot keep the stream in the folder ${folder} until it is stored: ${why}`, {
    cause,
    hint: "the setting results.spoolPath names the folder",
  });
}

const cleaned = new Set<string>();

function openNew(folder: string): Open {
  createFolder(folder);
  if (!cleaned.has(folder)) clean(folder);
  cleaned.add(folder);
  const path = join(folder, ownedName());
  const file = openSync(path, "wx+", 0o600);
  return { file, path: removed(path) ? undefined : path };
}

/** Removes what processes that are gone could not remove themselves. */
function clean(folder: string): void {
  for (const name of readdirSync(folder)) {
    const owner = ownerOf(name);
    const stats = owner && statSync(join(folder, name), quiet);
    if (stats && isLeftOver(owner, stats.mtimeMs)) removed(join(folder, name));
  }
}

function removed(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}

function release({ file, path }: Open): void {
  closeSync(file);
  if (path !== undefined) removed(path);
}

function writeAt(file: number, bytes: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(file, bytes, 0, bytes.byteLength, position, (error, count) => (error ? reject(error) : resolve(count)));
  });
}

function readAt(file: number, bytes: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(file, bytes, 0, bytes.byteLength, position, (error, count) => (error ? reject(error) : resolve(count)));
  });
}
