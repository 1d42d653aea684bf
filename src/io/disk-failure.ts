import { statSync } from "node:fs";
import { dirname } from "node:path";
import { OxbowError, StorageError } from "../kernel/errors.ts";

const elsewhere = "or use another place: OXBOW_HOME, or another folder for the storage or the locks";

const advice: Readonly<Record<string, string>> = {
  EACCES: `give this user the right to read and write there, ${elsewhere}`,
  EPERM: `give this user the right to read and write there, ${elsewhere}`,
  EROFS: `the file system is read-only: mount it writable, ${elsewhere}`,
  ENOSPC: `the disk is full: free some space, ${elsewhere}`,
  EDQUOT: `the quota of this user is used up: free some space, ${elsewhere}`,
  EFBIG: "the value is larger than the file system or the limit of this process (ulimit -f) allows",
  ENOTDIR: `a file is where a folder has to be: move it away, ${elsewhere}`,
  EEXIST: `a file is where a folder has to be: move it away, ${elsewhere}`,
  EISDIR: "a folder is where the record's file has to be: move it away",
  ENOTEMPTY: "a folder is where the record's file has to be: move it away",
  EMFILE: "this process has too many open files: raise `ulimit -n`, or run fewer tasks at once",
  ENFILE: "the machine has too many open files",
  ENAMETOOLONG: `the path is too long for this file system, ${elsewhere}`,
};

/** The code of a system error, `ENOENT` for example. */
export function codeOf(error: unknown): string | undefined {
  return typeof error === "object" && error !== null ? (error as NodeJS.ErrnoException).code : undefined;
}

/**
 * What a caller gets to see of an I/O error: where, what failed, and what to do. Errors of Oxbow's own pass
 * through, so it may be applied at every door.
 *
 * @param action what was attempted, as in "Cannot <action>"
 */
export function diskFailure(action: string, path: string, cause: unknown): OxbowError {
  if (cause instanceof OxbowError) return cause;
  const code = codeOf(cause) ?? "unknown error";
  const hint = advice[code];
  return new StorageError(`Cannot ${action} ${path} (${code})`, { cause, ...(hint === undefined ? {} : { hint }) });
}

/** So that a miss costs no exception: building the stack of one takes longer than the read of a hit. */
export const quiet = { throwIfNoEntry: false } as const;

/**
 * To be called where something was not found: tells "nothing there yet" from "nothing can be there". `statSync`
 * answers both alike when a file stands in the place of the folder.
 *
 * @throws {StorageError} where `folder`, or what is above it, is not a folder
 */
export function checkFolder(folder: string): void {
  for (let path = folder; ; path = dirname(path)) {
    const stats = statSync(path, quiet);
    if (stats?.isDirectory()) return;
    if (stats !== undefined) {
      const cause = Object.assign(new Error(`ENOTDIR: not a directory, '${path}'`), { code: "ENOTDIR" });
      throw diskFailure("use the folder", path === folder ? folder : `${folder}: ${path} is not a folder`, cause);
    }
    if (path === dirname(path)) return;
  }
}
