import { linkSync, readdirSync, renameSync, statSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { codeOf, quiet } from "../../io/disk-failure.ts";
import { createFolder, flushFolder, syncLimit, writeNewFile, writeNewFileSync } from "../../io/disk-files.ts";
import { isLeftOver, ownedName, ownerOf } from "../../io/leftovers.ts";
import { chunksToWrite } from "../internal/payload-source.ts";
import { sizeOf } from "../internal/record-checks.ts";
import { isByteSource } from "../../kernel/byte-source.ts";
import { StorageError } from "../../kernel/errors.ts";
import type { Awaitable } from "../../kernel/awaitable.ts";
import type { Payload } from "../storage.ts";

/** What a file is to hold. */
export interface Content {
  /** What goes before the payload. */
  readonly header?: Uint8Array;
  readonly payload: Payload;
}

/*
 * DESIGN: how a file appears whole or not at all.
 *
 * What it does: writes `<folder>/.tmp/<owner>`, then renames it over the target, or links it to the target where
 * only the first writer may win. Small files synchronously, large ones in the thread pool, those of a source too.
 * What it promises: readers see the old file or the whole new one, also when this process dies at any moment. With
 * `flushes` that holds for the machine too: bytes, then name, are on the medium before it returns.
 * What the caller must do: wrap errors; keep the chunks unchanged until it has finished.
 */
export class FilePublisher {
  readonly #folder: string;
  readonly #temporary: string;
  /** Whether what was published survives a loss of power. */
  readonly flushes: boolean;
  #cleaned = false;

  constructor(folder: string, flushes: boolean) {
    this.#folder = folder;
    this.#temporary = join(folder, ".tmp");
    this.flushes = flushes;
  }

  /**
   * @param name the path of the file in the folder; the folder that it is in has to be there, where that is another one
   * @param mayPlace looks at what was written and at the file that is about to be replaced, and throws where that has to stay
   * @returns `false` where `ifAbsent` found a file
   */
  publish(
    name: string,
    content: Content,
    ifAbsent: boolean,
    mayPlace?: (temporary: string) => void,
  ): Awaitable<boolean> {
    const target = join(this.#folder, name);
    if (ifAbsent && isThere(target)) return false;
    if (!this.#cleaned) this.#clean();
    const put = (temporary: string): boolean => place(temporary, target, ifAbsent, mayPlace);
    const { header, payload } = content;
    if (this.flushes || isByteSource(payload) || sizeOf(payload) > syncLimit)
      return this.#publishLarge(dirname(target), () => chunksOf(content, target), put);
    return this.#publishSmall(header === undefined ? payload : [header, ...payload], put);
  }

  #publishSmall(chunks: readonly Uint8Array[], put: (temporary: string) => boolean): boolean {
    for (let retried = false; ; retried = true) {
      const temporary = join(this.#temporary, ownedName());
      try {
        writeNewFileSync(temporary, chunks);
        return put(temporary);
      } catch (error) {
        removeQuietly(temporary);
        // The first write of all, or somebody has removed the folder.
        if (retried || codeOf(error) !== "ENOENT") throw error;
        createFolder(this.#temporary);
      }
    }
  }

  async #publishLarge(
    parent: string,
    chunks: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    put: (temporary: string) => boolean,
  ): Promise<boolean> {
    for (let retried = false; ; retried = true) {
      const temporary = join(this.#temporary, ownedName());
      try {
        await writeNewFile(temporary, chunks(), this.flushes);
        const won = put(temporary);
        if (this.flushes) await flushFolder(parent);
        return won;
      } catch (error) {
        removeQuietly(temporary);
        if (retried || codeOf(error) !== "ENOENT") throw error;
        const parents = createFolder(this.#temporary);
        if (this.flushes) for (const folder of parents) await flushFolder(folder);
      }
    }
  }

  /** Removes what writers that are gone have left over. Once: nothing is left over by a process that lives. */
  #clean(): void {
    this.#cleaned = true;
    if (statSync(this.#temporary, quiet) === undefined) return;
    for (const name of readdirSync(this.#temporary)) {
      const path = join(this.#temporary, name);
      const stats = statSync(path, quiet);
      if (stats !== undefined && isLeftOver(ownerOf(name), stats.mtimeMs)) removeQuietly(path);
    }
  }
}

function isThere(target: string): boolean {
  const stats = statSync(target, quiet);
  if (stats !== undefined && !stats.isFile()) throw inTheWay(target);
  return stats !== undefined;
}

async function* chunksOf({ header, payload }: Content, where: string): AsyncGenerator<Uint8Array, void> {
  if (header !== undefined) yield header;
  yield* chunksToWrite(payload, where);
}

function place(
  temporary: string,
  target: string,
  ifAbsent: boolean,
  mayPlace: ((temporary: string) => void) | undefined,
): boolean {
  // Nothing between this and the next step that could take time.
  mayPlace?.(temporary);
  if (!ifAbsent) {
    renameSync(temporary, target);
    return true;
  }
  try {
    linkSync(temporary, target);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST" && isThere(target)) return false;
    throw error;
  } finally {
    removeQuietly(temporary);
  }
}

function inTheWay(target: string): StorageError {
  return new StorageError(`Cannot write ${target}: it is not a file`, { hint: "move it away" });
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It never came to be, or is left to the next cleaning.
  }
}
