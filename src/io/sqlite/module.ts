import { isBuiltin } from "node:module";
import type * as sqlite from "node:sqlite";
import { OxbowError } from "../../kernel/errors.ts";

let loaded: typeof sqlite | undefined;

/**
 * Node's own SQLite, loaded when it is first needed: importing Oxbow costs nothing of it.
 *
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where this Node has none
 */
export function loadSqlite(): typeof sqlite {
  loaded ??= withoutItsWarning(() => process.getBuiltinModule?.("node:sqlite"));
  if (loaded === undefined) throw missing();
  return loaded;
}

/** Says so where the storage is made, not at the first write. */
export function checkSqlite(): void {
  if (!isBuiltin("node:sqlite")) throw missing();
}

function missing(): OxbowError {
  return new OxbowError(
    "OXBOW_DRIVER_MISSING",
    `This Node (${process.version}) has no node:sqlite, which sqliteStorage() and sqliteLocks() need`,
    {
      hint: "use Node 22.13 or newer without --no-experimental-sqlite, or use fileStorage(folder) and fileLocks(folder)",
    },
  );
}

/** Node 22 warns that the module is experimental; users of a cache can do nothing about it. Other warnings pass. */
function withoutItsWarning<T>(load: () => T): T {
  const original = process.emitWarning;
  const filtered = (warning: string | Error, ...rest: unknown[]): void => {
    if (String(warning).includes("SQLite is an experimental feature")) return;
    Reflect.apply(original, process, [warning, ...rest]);
  };
  process.emitWarning = filtered;
  try {
    return load();
  } finally {
    process.emitWarning = original;
  }
}
