import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { codeOf, quiet } from "../../io/disk-failure.ts";
import { createFolder, writeNewFileSync } from "../../io/disk-files.ts";
import { isLeftOver, ownedName, ownerOf } from "../../io/leftovers.ts";

/** The name under which something that stands in the place of a slot is in it. */
const itself = ".";

/*
 * DESIGN: a value that many processes change, on any file system, one at a time.
 *
 * What it does: a slot is a folder with one file in it, its entry. The *name* of the entry is the state, and it never comes
 * again; its content belongs to that state. So each change names the state that it is a change of, and the file system
 * compares and changes in one step:
 *
 *   place    nothing → a    a folder with `a` in it is made aside, and renamed to the slot: refused while anything is in there
 *   move     a → b          `a` is renamed to `b`: refused where there is no `a` any more
 *   remove   a → nothing    `a` is removed: refused where there is no `a` any more
 *
 * What it promises: of all who change a state exactly one succeeds, however long ago they have looked, and whoever dies on the way.
 * A reader never sees an entry without its content. A slot without an entry is as good as none.
 * What the caller must do: never use a name again; look once more where a change is refused. A reader who meets a `move` may
 * see no entry, or both.
 * On a network share these are single operations of its server (NFS, SMB), and a list that its client has kept is found out as soon
 * as it is acted upon. An answer that got lost on the way is made good where that can be seen.
 */
export class Slots {
  readonly #folder: string;
  readonly #temporary: string;

  /** @param folder what all slots are in; made when it is needed */
  constructor(folder: string) {
    this.#folder = folder;
    this.#temporary = join(folder, ".tmp");
  }

  pathOf(slot: string, entry?: string): string {
    return entry === undefined ? join(this.#folder, slot) : join(this.#folder, slot, entry);
  }

  /** The names in a slot; `undefined` where there is no slot. Something that is no folder is its own only name. */
  read(slot: string): readonly string[] | undefined {
    const path = this.pathOf(slot);
    // So that nothing costs no exception.
    if (statSync(path, quiet) === undefined) return undefined;
    try {
      return readdirSync(path);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      if (codeOf(error) === "ENOTDIR") return [itself];
      throw error;
    }
  }

  /** @returns `false` where something is in the slot */
  place(slot: string, entry: string, content: string): boolean {
    for (let retried = false; ; retried = true) {
      const made = join(this.#temporary, ownedName());
      try {
        mkdirSync(made);
        writeNewFileSync(join(made, entry), [Buffer.from(content)]);
        if (this.#rename(made, this.pathOf(slot), entry)) return true;
        rmSync(made, { recursive: true, force: true });
        return false;
      } catch (error) {
        rmSync(made, { recursive: true, force: true });
        // The first use of all, or somebody has removed the folder, or there cannot be one.
        if (retried || !isMissing(error)) throw error;
        createFolder(this.#temporary);
      }
    }
  }

  #rename(made: string, path: string, entry: string): boolean {
    try {
      renameSync(made, path);
      return true;
    } catch (error) {
      const code = codeOf(error) ?? "";
      if (["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(code)) return false;
      // It has been renamed, and the server was asked once more.
      if (code === "ENOENT" && isThere(join(path, entry))) return true;
      // Windows replaces no folder, not even an empty one, and says that it is forbidden.
      if (code === "ENOENT" || !isThere(path)) throw error;
      quietly(() => rmdirSync(path));
      if (isThere(path) && readdirSync(path).length === 0) throw error;
      return false;
    }
  }

  /** @returns `false` where the slot has no such entry any more */
  move(slot: string, from: string, to: string): boolean {
    return unlessMissing(() => renameSync(this.pathOf(slot, from), this.pathOf(slot, to)));
  }

  /** @returns `false` where the slot has no such entry any more */
  remove(slot: string, entry: string): boolean {
    if (!unlessMissing(() => unlinkSync(this.pathOf(slot, entry)))) return false;
    // Nothing happens where another one has used the slot by now.
    quietly(() => rmdirSync(this.pathOf(slot)));
    return true;
  }

  /** The content of an entry; `undefined` where the slot does not have it any more. */
  contentOf(slot: string, entry: string): string | undefined {
    let content: string | undefined;
    unlessMissing(() => (content = readFileSync(this.pathOf(slot, entry), "utf8")));
    return content;
  }

  /**
   * Removes what is no entry from a slot, as far as it has not been changed for a while.
   *
   * @param before milliseconds since 1970
   * @returns whether the slot is empty now
   */
  clear(slot: string, rubbish: readonly string[], before: number): boolean {
    for (const name of rubbish) {
      const path = this.pathOf(slot, name);
      const stats = statSync(path, quiet);
      if (stats === undefined || stats.mtimeMs >= before) continue;
      // In place of the slot itself a slot may stand by now, and `unlink` removes no folder.
      if (name === itself) quietly(() => unlinkSync(this.pathOf(slot)));
      else quietly(() => rmSync(path, { recursive: true, force: true }));
    }
    return (this.read(slot)?.length ?? 0) === 0;
  }

  /** Some of the slots there are, as they are found. */
  some(limit: number): string[] {
    const names: string[] = [];
    unlessMissing(() => names.push(...readdirSync(this.#folder)));
    return names.filter((name) => !name.startsWith(".")).slice(0, limit);
  }

  /** Removes what processes that are gone have left unfinished. */
  tidy(): void {
    if (!isThere(this.#temporary)) return;
    for (const name of readdirSync(this.#temporary)) {
      const path = join(this.#temporary, name);
      const stats = statSync(path, quiet);
      if (stats !== undefined && isLeftOver(ownerOf(name), stats.mtimeMs))
        quietly(() => rmSync(path, { recursive: true }));
    }
  }
}

function isThere(path: string): boolean {
  return statSync(path, quiet) !== undefined;
}

/** @returns whether what was to be changed was there */
function unlessMissing(change: () => unknown): boolean {
  try {
    change();
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";
}

/** What does not succeed is done by the next one who comes. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // See above.
  }
}
