import { resolve } from "node:path";
import { checkSqlite } from "../io/sqlite/module.ts";
import { SqlRunStore } from "./internal/run-store.ts";
import type { RunStore } from "./run-store.ts";
import { SqliteMedium } from "./sqlite/medium.ts";

/**
 * The default history: one SQLite file, by Node's own SQLite. It is made by the first write, in a folder that is made with it and
 * belongs to this user alone. `write` has written when it returns, unless another process holds the file for longer than 50 ms.
 *
 * @param file where the history is; a relative path starts at the working directory of this moment
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where this Node has no `node:sqlite`
 */
export function sqliteRunStore(file: string): RunStore {
  checkSqlite();
  return new SqlRunStore(new SqliteMedium(resolve(file)));
}
