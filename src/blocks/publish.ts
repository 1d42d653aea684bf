import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { codeOf, diskFailure, quiet } from "../io/disk-failure.ts";
import { createFolder, flushFolderSync } from "../io/disk-files.ts";
import { isLeftOver, ownedName, ownerOf } from "../io/leftovers.ts";

/*
 * DESIGN: files for the user alone (0600, folders 0700), whole or not at all. Written and flushed as `.tmp/<owner>`, then renamed to
 * their place, or linked to it where only the first writer may win. What a process that died has left there, the next writer removes.
 */

/**
 * @param folder the folder of all blocks; `path` is below it
 * @returns `false` where `ifAbsent` found a file
 * @throws {StorageError}
 */
export function publish(folder: string, path: string, text: string, ifAbsent: boolean): boolean {
  const temporaries = join(folder, ".tmp");
  const temporary = join(temporaries, ownedName());
  try {
    createFolder(dirname(folder));
    for (const each of new Set([folder, temporaries, dirname(path)])) privateFolder(each);
    removeLeftovers(temporaries);
    writeFlushed(temporary, text);
    const won = place(temporary, path, ifAbsent);
    flushFolderSync(dirname(path));
    return won;
  } catch (error) {
    throw diskFailure("write", path, error);
  } finally {
    removeQuietly(temporary);
  }
}

function privateFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST" || !statSync(path, quiet)?.isDirectory()) throw error;
  }
}

function writeFlushed(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function place(temporary: string, path: string, ifAbsent: boolean): boolean {
  if (!ifAbsent) {
    renameSync(temporary, path);
    return true;
  }
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stats = statSync(path, quiet);
    if (stats !== undefined && isLeftOver(ownerOf(name), stats.mtimeMs)) removeQuietly(path);
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It has got its place, never came to be, or is left to the next writer.
  }
}
