import { createRequire } from "node:module";
import type * as pg from "pg";
import { OxbowError } from "../../kernel/errors.ts";

let loaded: typeof pg | undefined;

/**
 * The package `pg`, loaded when it is first needed: who keeps nothing in PostgreSQL does not have to install it.
 *
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where it is not installed
 */
export function loadPg(): typeof pg {
  loaded ??= load();
  return loaded;
}

function load(): typeof pg {
  try {
    return createRequire(import.meta.url)("pg") as typeof pg;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw cause;
    throw new OxbowError("OXBOW_DRIVER_MISSING", "PostgreSQL is reached by the package pg, which is not installed", {
      cause,
      hint: "npm install pg",
    });
  }
}
