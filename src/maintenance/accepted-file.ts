import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ConfigurationError } from "../kernel/errors.ts";
import { codeOf, diskFailure, quiet } from "../io/disk-failure.ts";
import { createFolder } from "../io/disk-files.ts";
import { ownedName } from "../io/leftovers.ts";

/** A change of a task that somebody accepted: what it stored before still counts. */
export interface AcceptedChange {
  readonly taskName: string;
  /** The component of the new source, as the key would have it. */
  readonly from: string;
  /** The component of the old source, which stands in its place. */
  readonly to: string;
  /** When it was accepted, in milliseconds since 1970. */
  readonly at: number;
  /** Who accepted it. */
  readonly by: string;
}

const fileVersion = 1;
const attempts = 10;

/** All changes that a file has. @throws {ConfigurationError} where it is not what Oxbow wrote; @throws {StorageError} */
export function readAccepted(path: string): readonly AcceptedChange[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw diskFailure("read the accepted changes", path, error);
  }
  return parse(text, path);
}

/**
 * Changes a file, whole or not at all. Somebody else who changes it at the same time is not lost: what `change` gets is looked at again
 * right before the new file takes its place.
 *
 * @throws {ConfigurationError} as {@link readAccepted}; @throws {StorageError} where it cannot be written
 */
export function changeAccepted(
  path: string,
  change: (entries: readonly AcceptedChange[]) => readonly AcceptedChange[],
): void {
  for (let attempt = 1; ; attempt += 1) {
    const before = stateOf(path);
    const entries = change(readAccepted(path));
    if (publish(path, `${JSON.stringify({ version: fileVersion, entries }, undefined, 2)}\n`, before, attempt)) return;
  }
}

/** What changes when a file does. */
export function stateOf(path: string): string {
  const stats = statSync(path, quiet);
  return stats === undefined ? "none" : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}

function publish(path: string, text: string, before: string, attempt: number): boolean {
  const temporary = `${path}.${ownedName()}`;
  try {
    createFolder(dirname(path));
    const file = openSync(temporary, "wx");
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (stateOf(path) !== before && attempt < attempts) return false;
    renameSync(temporary, path);
    return true;
  } catch (error) {
    throw diskFailure("write the accepted changes", path, error);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function parse(text: string, path: string): readonly AcceptedChange[] {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw unusable(path, "it is no JSON", error);
  }
  const { version, entries } = Object(found) as { readonly version?: unknown; readonly entries?: unknown };
  if (typeof version === "number" && version > fileVersion)
    throw unusable(path, `it is of version ${version}, and this release knows up to ${fileVersion}`);
  if (!Array.isArray(entries) || !entries.every(isChange)) throw unusable(path, "it does not list changes");
  return entries;
}

function isChange(entry: unknown): entry is AcceptedChange {
  const { taskName, from, to, at, by } = Object(entry) as Record<string, unknown>;
  return [taskName, from, to, by].every((each) => typeof each === "string") && Number.isFinite(at);
}

function unusable(path: string, reason: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError("OXBOW_SETTING_INVALID", `The accepted changes in ${path} cannot be used: ${reason}`, {
    hint: "mend the file, or remove it: what was accepted is then computed again",
    ...(cause === undefined ? {} : { cause }),
  });
}
