import { type OxbowError, StorageError } from "../../kernel/errors.ts";
import { diskFailure } from "../disk-failure.ts";

// Primary result codes (sqlite.org/rescode.html); the extended ones carry them in their low byte.
const primary = {
  perm: 3,
  busy: 5,
  locked: 6,
  readonly: 8,
  ioerr: 10,
  corrupt: 11,
  full: 13,
  cantopen: 14,
  notadb: 26,
} as const;

const elsewhere = "or use another place: OXBOW_HOME, or another folder for the storage or the locks";
const moveAway =
  "move the file away together with its -wal and -shm: Oxbow then starts a new one; `sqlite3 <file> .recover` may save what is in it";

const advice = new Map<number, string>([
  [primary.perm, `give this user the right to read and write there, ${elsewhere}`],
  [primary.readonly, `give this user the right to write the file and its folder, ${elsewhere}`],
  [primary.ioerr, `look at the disk and its free space, ${elsewhere}`],
  [primary.corrupt, moveAway],
  [primary.full, `the disk is full: free some space, ${elsewhere}`],
  [primary.cantopen, `give this user the right to read and write the file and its folder, ${elsewhere}`],
  [primary.notadb, moveAway],
]);

/** The primary result code of an error of SQLite; `undefined` for every other error. */
function resultCode(error: unknown): number | undefined {
  const code = (error as { readonly errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}

/** Whether another connection holds the lock that was needed. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === primary.busy || code === primary.locked;
}

/** Whether the file or its folder cannot be written: reading may be possible all the same. */
export function isUnwritable(error: unknown): boolean {
  const code = resultCode(error);
  return code === primary.readonly || code === primary.cantopen;
}

/** What a caller gets to see: the file, what failed, and what to do. Errors of Oxbow's own pass through. */
export function sqliteFailure(action: string, file: string, cause: unknown): OxbowError {
  const code = resultCode(cause);
  if (code === undefined) return diskFailure(action, file, cause);
  const hint = advice.get(code);
  return new StorageError(`Cannot ${action} ${file}: ${(cause as Error).message}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}
