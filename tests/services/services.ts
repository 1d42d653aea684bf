/*
 * What test files ask for a real server:
 *
 *   const url = await redisUrl();
 *   describe.skipIf(url === undefined)("…", () => { … url! … });
 *
 * The reason why there is none is printed at the end of the run. All test files of a run share the servers: keep to a table, a
 * schema, a container or a key prefix of your own. For a server to freeze or to kill, see startRedis(),
 * startPostgres() and startAzurite(); for one that fails as it is told, startGcs().
 */
import { inject } from "vitest";
// Says what `inject("services")` gives.
import type {} from "./global-setup.ts";
import type { Kind, Obtained } from "./obtain.ts";

/** The address of a PostgreSQL; `undefined` where none can be had. The first to ask waits until it has started. */
export function pgUrl(): Promise<string | undefined> {
  return urlOf("postgres");
}

/** The address of a Redis; `undefined` where none can be had. The first to ask waits until it has started. */
export function redisUrl(): Promise<string | undefined> {
  return urlOf("redis");
}

/**
 * The address of an Azurite with its usual account (`azuriteAccount`), without containers; `undefined` where none can be had. The
 * first to ask waits until it has started.
 */
export function azureUrl(): Promise<string | undefined> {
  return urlOf("azure");
}

/** The address of a server like Google Cloud Storage, with a bucket called `results`; `undefined` where none can be had. */
export function gcsUrl(): Promise<string | undefined> {
  return urlOf("gcs");
}

/**
 * A server of S3 that is not the tests' own (that is s3-server.ts): see `s3Of` for what the URL says; its bucket may have to be made.
 * `undefined` where none can be had.
 */
export function s3Url(): Promise<string | undefined> {
  return urlOf("s3");
}

async function urlOf(kind: Kind): Promise<string | undefined> {
  const response = await fetch(`${inject("services")}/${kind}`);
  const found = (await response.json()) as Obtained;
  return "url" in found ? found.url : undefined;
}
