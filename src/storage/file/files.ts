import { closeSync, lstatSync, openSync, readSync, type Stats, unlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { andThen, type Awaitable } from "../../kernel/awaitable.ts";
import { RecordError, StorageError } from "../../kernel/errors.ts";
import { checkFolder, codeOf, quiet } from "../../io/disk-failure.ts";
import { createFolder, flushFolderSync } from "../../io/disk-files.ts";
import { type Durability, durabilityOf } from "../internal/durability.ts";
import { checkedPath } from "../internal/file-paths.ts";
import type { FileArea, Payload, StoredFile } from "../storage.ts";
import { FileMarks } from "./file-marks.ts";
import { type FilePlace, placeOf } from "./file-places.ts";
import { guarded } from "./guarded.ts";
import { FilePublisher } from "./publish.ts";
import { readMetadata, readWhole, streamWhole } from "./read.ts";

/*
 * DESIGN: plain files by their path, for results that other programs read.
 *
 *   <folder>/2026-11-21/report.json   the file `2026-11-21/report.json`: its content and nothing else
 *   <folder>/report.json              the file `report.json`, beside the records that a fileStorage has in the same folder
 *   <folder>/.files/report.json       says that it is no record (file-marks.ts)
 *   <folder>/.tmp/…                    what is being written (publish.ts)
 *
 * What it promises: the FileArea of storage.ts. Records lie in the folder itself and in none below, so only there the two
 * could meet. There
 * - a path at which a record lies is refused for writing, and is no file for reading and deleting;
 * - a file that would be taken for a record, because it begins with the line of one, is refused;
 * - a file that somebody put there by hand is found as long as it cannot be a damaged record: as long as it is not empty, and
 *   does not begin with a zero byte or like the line of a record. Only what was written here is safe from records.
 * What the caller must do: nothing. The folder is made by the first write.
 */

/**
 * Plain files in a folder, for who has no storage there. `fileStorage(folder).files` is the same place.
 *
 * @param folder a relative path starts at the working directory of this moment
 */
export function filesIn(folder: string, options: { readonly durability?: Durability } = {}): FileArea {
  const durability = durabilityOf(options, "filesIn()");
  const path = resolve(folder);
  return new FolderFiles(path, new FilePublisher(path, durability === "power"), new FileMarks(path));
}

/** The files of one folder. */
export class FolderFiles implements FileArea {
  readonly #folder: string;
  readonly #publisher: FilePublisher;
  readonly #marks: FileMarks;

  constructor(folder: string, publisher: FilePublisher, marks: FileMarks) {
    this.#folder = folder;
    this.#publisher = publisher;
    this.#marks = marks;
  }

  locate(path: string): string {
    return join(this.#folder, ...checkedPath(path).split("/"));
  }

  find(path: string): StoredFile | undefined {
    return this.#guarded("read", path, () => {
      const place = placeOf(this.#folder, path);
      const stats = this.#look(place);
      return stats && new FoundFile(place.path, stats);
    });
  }

  write(path: string, payload: Payload): Awaitable<void> {
    return this.#guarded("write", path, () => {
      const place = placeOf(this.#folder, path);
      statOf(place.path);
      const mayPlace = (temporary: string): void => this.#claim(place, temporary);
      const made = place.shared === undefined ? createFolder(dirname(place.path)) : [];
      if (this.#publisher.flushes) made.forEach(flushFolderSync);
      return andThen(this.#publisher.publish(path, { payload }, false, mayPlace), () => undefined);
    });
  }

  delete(path: string): boolean {
    return this.#guarded("remove", path, () => {
      const place = placeOf(this.#folder, path);
      if (this.#look(place) === undefined) return false;
      const wasThere = removed(place.path);
      if (place.shared !== undefined) this.#marks.remove(place.shared);
      return wasThere;
    });
  }

  /** `undefined` where there is no file, or a record lies in its place. */
  #look({ path, shared }: FilePlace): Stats | undefined {
    const stats = statOf(path);
    if (stats === undefined || shared === undefined || this.#marks.has(shared)) return stats;
    return mayBeRecord(path) ? undefined : stats;
  }

  /** Right before the file appears: nothing here takes time. */
  #claim({ path, shared }: FilePlace, temporary: string): void {
    const stats = statOf(path);
    if (shared === undefined) return;
    if (looksLikeRecord(temporary)) throw wouldBeRecord(path);
    // First the mark: from here on no record takes the place.
    if (!this.#marks.add(shared) || stats === undefined || !looksLikeRecord(path)) return;
    this.#marks.remove(shared);
    throw new StorageError(`Cannot write the file ${path}: a record lies in its place`, {
      hint: "give the file another path, one in a folder below, or the record another key",
    });
  }

  #guarded<T>(action: string, path: string, work: () => T): T {
    return guarded(action, join(this.#folder, path), work);
  }
}

class FoundFile implements StoredFile {
  readonly size: number;
  readonly modifiedAt: number;
  readonly #path: string;

  constructor(path: string, stats: Stats) {
    this.#path = path;
    this.size = stats.size;
    this.modifiedAt = stats.mtimeMs;
  }

  bytes(): Awaitable<Uint8Array> {
    return guarded("read", this.#path, () =>
      andThen(readWhole(this.#path), (bytes) => {
        if (bytes === undefined) throw hasGone(this.#path);
        return bytes;
      }),
    );
  }

  async *stream(): AsyncGenerator<Uint8Array, void> {
    const pieces = guarded("read", this.#path, () => streamWhole(this.#path, () => hasGone(this.#path)));
    if (pieces === undefined) throw hasGone(this.#path);
    yield* pieces;
  }
}

/** @throws {StorageError} where something else than a file is there, a symbolic link included: it could lead anywhere */
function statOf(path: string): Stats | undefined {
  const stats = linkStats(path);
  if (stats === undefined) checkFolder(dirname(path));
  if (stats === undefined || stats.isFile()) return stats;
  const what = stats.isSymbolicLink() ? "it is a symbolic link" : "it is not a file";
  throw new StorageError(`Cannot use the file ${path}: ${what}`, { hint: "move it away, or choose another path" });
}

/** `lstat` that says of a path below a file what `stat` says: nothing is there. */
function linkStats(path: string): Stats | undefined {
  try {
    return lstatSync(path, quiet);
  } catch (error) {
    if (codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

function looksLikeRecord(path: string): boolean {
  try {
    return readMetadata(path, undefined) !== undefined;
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return beginningOf(path).toString("latin1") === lineBegins;
  }
}

/** What a power loss has torn is empty, or zeros. */
function mayBeRecord(path: string): boolean {
  const beginning = beginningOf(path);
  return beginning.length === 0 || beginning[0] === 0 || looksLikeRecord(path);
}

const lineBegins = '{"formatVersion":';

function beginningOf(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(lineBegins.length);
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}

function removed(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

function hasGone(path: string): StorageError {
  return new StorageError(`Cannot read the file ${path}: it has gone since it was found`);
}

function wouldBeRecord(path: string): StorageError {
  return new StorageError(`Cannot write the file ${path}: it begins like a record, and would be taken for one`, {
    hint: "give it a path in a folder below, where no records are",
  });
}
