import { realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { StorageError } from "../../kernel/errors.ts";
import { quiet } from "../../io/disk-failure.ts";
import { checkedPath } from "../internal/file-paths.ts";
import { marksFolder } from "./file-marks.ts";
import { isRecordFileName } from "./key-names.ts";

/** Where a path of a FileArea leads. */
export interface FilePlace {
  /** Absolute. */
  readonly path: string;
  /** The name, where the file is in the folder itself and a record could have the same. */
  readonly shared: string | undefined;
}

/** What is being written, the marks of plain files, and the locks that belong to the storage. */
const reserved: ReadonlySet<string> = new Set([".tmp", marksFolder, ".locks"]);
const isWindows = process.platform === "win32";
const windowsRefuses = /[<>:"|?*]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * The place of a path in a folder, whether there is a file or not.
 *
 * A symbolic link may lead from one folder below to another; one that leads out is refused, and so are the folders and names
 * that belong to the storage: `.tmp`, `.files`, `.locks`, and `*.value` in the folder itself. What counts is where the path really leads.
 * Who can write into the folder can change that at any moment: links are no defence against other users.
 *
 * @throws {StorageError} where the path cannot be one of a file
 */
export function placeOf(folder: string, path: string): FilePlace {
  const parts = checkedPath(path).split("/");
  const full = join(folder, ...parts);
  const odd = isWindows ? parts.find((part) => windowsRefuses.test(part)) : undefined;
  if (odd !== undefined) throw refused(full, `${JSON.stringify(odd)} is not a name on Windows`);
  const name = basename(full);
  const parent = realFolderOf(folder, dirname(full));
  if (parent === undefined) throw refused(full, "it leads out of the folder by a symbolic link");
  const first = (parent === "" ? name : parent.split(sep)[0]!).toLowerCase().replace(/[. ]+$/, "");
  if (reserved.has(first)) throw refused(full, `${first} belongs to the storage itself`);
  if (parent !== "") return { path: full, shared: undefined };
  if (/\.value$/i.test(name))
    throw refused(full, "in the folder itself, names that end in .value are those of plain values");
  return { path: full, shared: isRecordFileName(name) ? name : undefined };
}

/** Where `parent` really is, relative to `folder`; `undefined` where that is outside. */
function realFolderOf(folder: string, parent: string): string | undefined {
  if (parent === folder) return "";
  const missing: string[] = [];
  let existing = parent;
  for (; existing !== folder && statSync(existing, quiet) === undefined; existing = dirname(existing))
    missing.unshift(basename(existing));
  // Where there is nothing, there is no link either.
  if (existing === folder) return relative(folder, parent);
  const found = relative(realpathSync(folder), join(realpathSync(existing), ...missing));
  return found === ".." || found.startsWith(`..${sep}`) || isAbsolutePath(found) ? undefined : found;
}

/** Another drive. */
function isAbsolutePath(path: string): boolean {
  return /^[A-Za-z]:/.test(path) || path.startsWith(sep);
}

function refused(path: string, why: string): StorageError {
  return new StorageError(`Cannot use the file ${path}: ${why}`, { hint: "choose another path for it" });
}
