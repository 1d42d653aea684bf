import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "vitest";
import { systemClock } from "../kernel/clock.ts";
import { fileLocks } from "../locks/file.ts";
import { leaseLocks } from "../locks/lease-locks.ts";
import { MemoryMedium } from "../locks/memory.ts";
import { sqliteLocks } from "../locks/sqlite.ts";
import { fileStorage } from "../storage/file.ts";
import { memoryStorage } from "../storage/memory.ts";
import { sqliteStorage } from "../storage/sqlite.ts";
import { transactionSuite, type TransactionParts, type TransactionPlace } from "../testing/transaction-suite.ts";

const runner = { describe, it };

transactionSuite(runner, "memoryStorage() with memoryLocks()", () => {
  // Memory is not shared by processes: both sides have one storage.
  const [storage, medium] = [memoryStorage(), new MemoryMedium(systemClock)];
  const parts = (): TransactionParts => ({ storage, lockManager: leaseLocks(medium) });
  return { ...parts(), another: parts };
});

transactionSuite(runner, "sqliteStorage() with sqliteLocks()", () =>
  inFolder((folder) => ({ storage: sqliteStorage(folder), lockManager: sqliteLocks(folder) })),
);

transactionSuite(runner, "fileStorage() with fileLocks()", () =>
  inFolder((folder) => ({ storage: fileStorage(folder), lockManager: fileLocks(join(folder, ".locks")) })),
);

transactionSuite(runner, "sqliteStorage(), metadata apart in another one, with memoryLocks()", () => {
  const medium = new MemoryMedium(systemClock);
  return inFolder((folder) => ({
    storage: sqliteStorage(join(folder, "values")),
    keyStorage: sqliteStorage(join(folder, "keys")),
    lockManager: leaseLocks(medium),
  }));
});

transactionSuite(runner, "fileStorage(), metadata apart in SQLite, with fileLocks()", () =>
  inFolder((folder) => ({
    storage: fileStorage(join(folder, "values")),
    keyStorage: sqliteStorage(join(folder, "keys")),
    lockManager: fileLocks(join(folder, "locks")),
  })),
);

function inFolder(parts: (folder: string) => TransactionParts): TransactionPlace {
  const folder = mkdtempSync(join(tmpdir(), "oxbow-transactions-"));
  return { ...parts(folder), another: () => parts(folder), dispose: () => rmSync(folder, { recursive: true }) };
}
