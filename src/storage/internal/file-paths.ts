import { StorageError } from "../../kernel/errors.ts";

/*
 * DESIGN: which paths a FileArea takes (see `Storage.files` in storage.ts), the same for folders and for object stores.
 *
 * What it does: a path is relative, its parts joined by `/`; it is used as it is written, so that other programs find the
 * file under exactly this name. What would mean something else somewhere is refused, not repaired: a file that was written
 * under one name and is looked for under another would be lost.
 * What it promises: no part of an accepted path leads up or out, on POSIX and on Windows (which drops the dots and spaces
 * at the end of a name, so that `.. ` is `..` there, and which reads `C:x` as a path of another drive).
 * What the caller must do: see to links. A path says nothing about what its parts are on the medium.
 */

/** In UTF-16 units; keys of object stores end at 1,024 bytes, paths of file systems at 4,096. */
const longestPath = 1000;

const control = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * The path of a file of a {@link FileArea}, as it was given.
 *
 * @throws {StorageError} for the empty path, absolute paths, `.`, `..` and empty parts, backslashes, drive letters, control characters,
 * ill-formed Unicode and paths above 1,000 characters
 */
export function checkedPath(path: string): string {
  const fault = faultOf(path);
  if (fault === undefined) return path;
  throw new StorageError(`Cannot use the path ${shown(path)}: ${fault}`, {
    hint: 'name a file below the storage, its folders joined by "/": "2026-11-21/report.json"',
  });
}

function faultOf(path: string): string | undefined {
  if (path === "") return "it is empty";
  if (path.length > longestPath) return `it has ${path.length} characters, and ${longestPath} are the most`;
  if (control.test(path)) return "it contains a control character";
  if (!path.isWellFormed()) return "it is not well-formed Unicode";
  if (path.includes("\\")) return "it contains a backslash";
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) return "it is absolute";
  const parts = path.split("/");
  if (parts.includes("")) return 'it has an empty part: "//", or "/" at its end';
  const dots = parts.find((part) => /^[. ]+$/.test(part));
  return dots === undefined ? undefined : `${JSON.stringify(dots)} is not a name`;
}

function shown(path: string): string {
  return JSON.stringify(path.length > 100 ? `${path.slice(0, 100)}…` : path);
}
