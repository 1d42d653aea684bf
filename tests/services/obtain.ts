import { startAzurite } from "./azurite.ts";
import { startGcsService } from "./gcs-server.ts";
import { startMoto } from "./moto.ts";
import { startPostgres } from "./postgres.ts";
import { startRedis } from "./redis.ts";
import type { Server } from "./server-process.ts";

/** What tests may ask for. */
export type Kind = "postgres" | "redis" | "azure" | "gcs" | "s3";

/** Its name, the variable that names one which runs already, and how one is started. */
export const kinds: Readonly<
  Record<Kind, { title: string; variable: string; start: () => Promise<Pick<Server, "url" | "stop">> }>
> = {
  postgres: { title: "PostgreSQL", variable: "OXBOW_TEST_PG_URL", start: startPostgres },
  redis: { title: "Redis", variable: "OXBOW_TEST_REDIS_URL", start: () => startRedis() },
  azure: { title: "Azure Blob Storage", variable: "OXBOW_TEST_AZURE_URL", start: () => startAzurite() },
  s3: { title: "S3", variable: "OXBOW_TEST_S3_URL", start: startMoto },
  gcs: { title: "Google Cloud Storage", variable: "OXBOW_TEST_GCS_URL", start: startGcsService },
};

/** A service that is there, or the reason why it is not. */
export type Obtained =
  | { readonly url: string; stop(): Promise<void> }
  | { readonly missing: string; stop(): Promise<void> };

/**
 * The server that the environment names, else one of one's own.
 *
 * Never fails: what goes wrong is the reason why it is missing. A variable that says `none` is a reason, too.
 */
export async function obtain(kind: Kind): Promise<Obtained> {
  const { variable, start } = kinds[kind];
  const named = process.env[variable];
  const stop = async (): Promise<void> => {};
  if (named === "none") return { missing: `${variable} is "none"`, stop };
  if (named !== undefined && named !== "") return { url: named, stop };
  try {
    return await start();
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error), stop };
  }
}
