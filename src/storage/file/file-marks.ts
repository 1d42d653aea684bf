import { statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StorageError } from "../../kernel/errors.ts";
import { codeOf, quiet } from "../../io/disk-failure.ts";
import { createFolder } from "../../io/disk-files.ts";
import { isRecordFileName } from "./key-names.ts";

/** Where the marks are, in the folder itself. */
export const marksFolder = ".files";

/** Who writes a file makes its mark a moment before: an older mark without a file is left over. */
const patienceMs = 60 * 60 * 1000;

/*
 * DESIGN: how records and plain files share a folder (see files.ts) and never take each other's place.
 *
 * What it does: a plain file `report.json` that lies in the folder itself, where records are, has a mark: the file
 * `.files/report.json`. Files in folders below need none, records are never there.
 * What it promises: a record whose key leads to the name of a marked file is absent for every reader, and is refused for
 * every writer; deleting it does nothing. A mark that has lost its file (somebody removed it by hand) counts for an hour.
 * Nobody can look for a mark and rename a file in one step: two processes that write a record and a file of one name for the
 * first time, in the same moment, may still leave the one that came later. It is whole.
 * What the caller must do: make the mark before the file appears, and remove it after the file has gone.
 */
export class FileMarks {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Whether the name in the folder itself is that of a plain file. */
  has(name: string): boolean {
    return statSync(this.#markOf(name), quiet) !== undefined;
  }

  /** @returns whether it is new */
  add(name: string): boolean {
    if (!isRecordFileName(name)) return false;
    const isNew = !this.has(name);
    try {
      writeFileSync(this.#markOf(name), name);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      createFolder(join(this.#folder, marksFolder));
      writeFileSync(this.#markOf(name), name);
    }
    return isNew;
  }

  remove(name: string): void {
    try {
      unlinkSync(this.#markOf(name));
    } catch (error) {
      if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") throw error;
    }
  }

  /** @throws {StorageError} where a record of this file name would take the place of a plain file */
  refuseRecord(name: string): void {
    const mark = statSync(this.#markOf(name), quiet);
    if (mark === undefined) return;
    const path = join(this.#folder, name);
    if (statSync(path, quiet) === undefined && Date.now() - mark.mtimeMs > patienceMs) return this.remove(name);
    throw new StorageError(`Cannot write the record ${path}: a plain file has this name`, {
      hint: `give the record another key or the file another path; where the file is not wanted any more, remove it and ${this.#markOf(name)}`,
    });
  }

  #markOf(name: string): string {
    return join(this.#folder, marksFolder, name);
  }
}
