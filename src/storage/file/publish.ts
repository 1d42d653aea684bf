import { linkSync, readdirSync, renameSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { codeOf, quiet } from "../../io/disk-failure.ts";
import { createFolder, flushFolder, syncLimit, writeNewFile, writeNewFileSync } from "../../io/disk-files.ts";
import { isLeftOver, ownedName, ownerOf } from "../../io/leftovers.ts";
import { sizeOf } from "../internal/record-checks.ts";
import { StorageError } from "../../kernel/errors.ts";
import type { Awaitable } from "../../kernel/awaitable.ts";

/*
 * DESIGN: how a file appears whole or not at all.
 *
 * What it does: writes `<folder>/.tmp/<owner>`, then renames it over the target, or links it to the target where
 * only the first writer may win. Small files synchronously, large ones in the thread pool.
 * What it promises: readers see the old file or the whole new one, also when this process dies at any moment. With
 * `flush` that holds for the machine too: bytes, then name, are on the medium before it returns.
 * What the caller must do: wrap errors; keep the chunks unchanged until it has finished.
 */
export class FilePublisher {
  readonly #folder: string;
  readonly #temporary: string;
  readonly #flush: boolean;
  #cleaned = false;

  constructor(folder: string, flush: boolean) {
    this.#folder = folder;
    this.#temporary = join(folder, ".tmp");
    this.#flush = flush;
  }

  /**
   * @param mayReplace looks at the file that is about to be replaced, and throws where it has to stay
   * @returns `false` where `ifAbsent` found a file
   */
  publish(name: string, chunks: readonly Uint8Array[], ifAbsent: boolean, mayReplace?: () => void): Awaitable<boolean> {
    const target = join(this.#folder, name);
    if (ifAbsent && isThere(target)) return false;
    if (!this.#cleaned) this.#clean();
    const put = (temporary: string): boolean => place(temporary, target, ifAbsent, mayReplace);
    if (this.#flush || sizeOf(chunks) > syncLimit) return this.#publishLarge(chunks, put);
    return this.#publishSmall(chunks, put);
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

  async #publishLarge(chunks: readonly Uint8Array[], put: (temporary: string) => boolean): Promise<boolean> {
    for (let retried = false; ; retried = true) {
      const temporary = join(this.#temporary, ownedName());
      try {
        await writeNewFile(temporary, chunks, this.#flush);
        const won = put(temporary);
        if (this.#flush) await flushFolder(this.#folder);
        return won;
      } catch (error) {
        removeQuietly(temporary);
        if (retried || codeOf(error) !== "ENOENT") throw error;
        const parents = createFolder(this.#temporary);
        if (this.#flush) for (const folder of parents) await flushFolder(folder);
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

function place(temporary: string, target: string, ifAbsent: boolean, mayReplace: (() => void) | undefined): boolean {
  if (!ifAbsent) {
    // Nothing between these two that could take time.
    mayReplace?.();
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
