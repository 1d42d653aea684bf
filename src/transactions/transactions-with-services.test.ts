import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, describe, it } from "vitest";
import { pgUrl, redisUrl } from "../../tests/services/services.ts";
import { postgresLocks } from "../locks/postgres.ts";
import { redisLocks } from "../locks/redis.ts";
import { fileStorage } from "../storage/file.ts";
import { postgresStorage } from "../storage/postgres.ts";
import { sqliteStorage } from "../storage/sqlite.ts";
import { transactionSuite, type TransactionParts, type TransactionPlace } from "../testing/transaction-suite.ts";

const runner = { describe, it };
const [redis, postgres] = await Promise.all([redisUrl(), pgUrl()]);

describe.skipIf(redis === undefined)("With a Redis", () => {
  transactionSuite(runner, "sqliteStorage() with redisLocks()", () => {
    const prefix = `${randomUUID()}:`;
    return inFolder((folder) => ({ storage: sqliteStorage(folder), lockManager: redisLocks(redis!, { prefix }) }));
  });
});

describe.skipIf(postgres === undefined)("With a PostgreSQL", () => {
  const pool = new pg.Pool({ connectionString: postgres });
  afterAll(() => pool.end());
  const drop = async (schema: string): Promise<void> =>
    void (await pool.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`));

  transactionSuite(runner, "postgresStorage() with postgresLocks()", () => {
    const schema = `transactions ${randomUUID()}`;
    const parts = (): TransactionParts => ({
      storage: postgresStorage(postgres!, { schema }),
      lockManager: postgresLocks(postgres!, { schema }),
    });
    return { ...parts(), another: parts, dispose: () => drop(schema) };
  });

  transactionSuite(runner, "fileStorage(), metadata apart in postgresStorage(), with postgresLocks()", () => {
    const schema = `transactions ${randomUUID()}`;
    const place = inFolder((folder) => ({
      storage: fileStorage(folder),
      keyStorage: postgresStorage(postgres!, { schema }),
      lockManager: postgresLocks(postgres!, { schema }),
    }));
    return { ...place, dispose: () => drop(schema).then(place.dispose) };
  });
});

function inFolder(parts: (folder: string) => TransactionParts): TransactionPlace {
  const folder = mkdtempSync(join(tmpdir(), "oxbow-transactions-"));
  return { ...parts(folder), another: () => parts(folder), dispose: () => rmSync(folder, { recursive: true }) };
}
