/*
 * What test files ask for a real server:
 *
 *   const url = await redisUrl();
 *   describe.skipIf(url === undefined)("…", () => { … url! … });
 *
 * The reason why there is none is printed at the end of the run. All test files of a run share the servers: keep to a table, a
 * schema or a key prefix of your own. For a server to freeze or to kill, see startRedis() and startPostgres().
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

async function urlOf(kind: Kind): Promise<string | undefined> {
  const response = await fetch(`${inject("services")}/${kind}`);
  const found = (await response.json()) as Obtained;
  return "url" in found ? found.url : undefined;
}
