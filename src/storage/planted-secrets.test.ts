import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { fileLocks } from "../locks/file.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import { memoryLocks } from "../locks/memory.ts";
import { postgresLocks } from "../locks/postgres.ts";
import { redisLocks } from "../locks/redis.ts";
import { sqliteLocks } from "../locks/sqlite.ts";
import { ResultStore } from "../results/result-store.ts";
import { json } from "../serializers/json.ts";
import { azureStorage } from "./azure.ts";
import { fileStorage } from "./file.ts";
import { gcsStorage } from "./gcs.ts";
import { memoryStorage } from "./memory.ts";
import { postgresStorage } from "./postgres.ts";
import { redisStorage } from "./redis.ts";
import { s3Storage } from "./s3.ts";
import { sqliteStorage } from "./sqlite.ts";
import type { Storage } from "./storage.ts";

const secret = "cGxhbnRlZC1zZWNyZXQtMTIz";
const postgres = `postgres://me:${secret}@localhost:1/db`;
const redis = `redis://me:${secret}@localhost:1`;
const redisOptions = { host: "localhost", port: 1, password: secret, sentinelPassword: secret, tls: { key: secret } };
const credentials = { accessKeyId: secret, secretAccessKey: secret, sessionToken: secret };
const account = "AccountName=me;EndpointSuffix=core.windows.net;DefaultEndpointsProtocol=https";

const all: Record<string, () => Storage | LockManager> = {
  memory: () => memoryStorage(),
  file: () => fileStorage("planted"),
  sqlite: () => sqliteStorage("planted"),
  "postgres by URL": () => postgresStorage(postgres),
  "postgres by options": () => postgresStorage({ host: "localhost", user: "me", password: secret }),
  "redis by URL": () => redisStorage(redis),
  "redis by options": () => redisStorage(redisOptions),
  s3: () => s3Storage({ bucket: "results", region: "eu-central-1", credentials }),
  gcs: () => gcsStorage({ bucket: "results", credentials: { client_email: "me@example.com", private_key: secret } }),
  "azure by connection string": () =>
    azureStorage({ container: "results", connectionString: `${account};AccountKey=${secret}` }),
  "azure by key": () =>
    azureStorage({
      container: "results",
      accountUrl: "https://me.blob.core.windows.net",
      credential: { accountName: "me", accountKey: secret },
    }),
  "azure by SAS": () =>
    azureStorage({
      container: "results",
      accountUrl: "https://me.blob.core.windows.net",
      sasToken: `sv=2024-11-04&sig=${secret}`,
    }),
  "memory locks": () => memoryLocks(),
  "file locks": () => fileLocks("planted"),
  "sqlite locks": () => sqliteLocks("planted"),
  "postgres locks by URL": () => postgresLocks(postgres),
  "postgres locks by options": () => postgresLocks({ host: "localhost", user: "me", password: secret }),
  "redis locks by URL": () => redisLocks(redis),
  "redis locks by options": () => redisLocks(redisOptions),
};

const withoutSecrets = ["memory", "file", "sqlite", "memory locks", "file locks", "sqlite locks"];

describe.each(Object.entries(all))("What shows %s", (name, make) => {
  it("shows none of the secrets that it was made with", () => {
    const made = make();
    // Blocks still find them.
    if (!withoutSecrets.includes(name)) expect(JSON.stringify(made.configuration?.args)).toContain(secret);
    for (const shown of shownOf(made)) expect(shown).not.toContain(secret);
    expect(Object.keys(made)).not.toContain("configuration");
    if (!("get" in made)) return;
    for (const shown of shownOf({ configuration: new ResultStore({ storage: made, serializer: json() }) })) {
      expect(shown).not.toContain(secret);
    }
  });
});

/** Every way in which logs and reports come by an object. */
function shownOf(made: object & { readonly configuration?: unknown }): readonly string[] {
  return [
    inspect(made),
    inspect(made, { depth: null }),
    inspect(made, { depth: null, showHidden: true, getters: true }),
    inspect({ options: { storage: made } }, { depth: null }),
    inspect({ ...made }, { depth: null }),
    inspect(made.configuration, { depth: null }),
    JSON.stringify([made.configuration]),
    inspect(Object.assign({}, made), { depth: null }),
    JSON.stringify(made),
    JSON.stringify({ ...made }),
    inspect(Object.entries(made), { depth: null }),
  ];
}
