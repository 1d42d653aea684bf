import { gcsConfiguration, gcsMedium, type GcsStorageOptions } from "./gcs/options.ts";
import { objectStorage } from "./internal/object-storage.ts";
import type { Storage } from "./storage.ts";

export type { GcsClient } from "./gcs/client.ts";
export type { GcsStorageOptions } from "./gcs/options.ts";

/*
 * DESIGN: records as objects of a bucket in Google Cloud Storage.
 *
 *   internal/object-storage.ts   which objects there are, and what is in them
 *   gcs/medium.ts                what an object store has to offer, in terms of the JSON API
 *   gcs/requests.ts              one request: credentials, time limit, repetitions
 *   gcs/download.ts, upload.ts   bytes out and in; what is large goes up in parts (upload-session.ts)
 *
 * What it promises: the contract of storage.ts among all who use the bucket. A hit is one request where the record is small, and so
 * is a miss, and a write. The service itself decides about conditions, by the generation of an object.
 * What the caller must do: make the bucket, and give the account the role Storage Object User.
 */

/**
 * Keeps records in Google Cloud Storage, for several machines that share them. It needs the package `@google-cloud/storage`.
 *
 * Every text among the options may name environment variables: `{{ env.GCS_BUCKET }}`.
 *
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package is needed and not installed
 * @throws {ConfigurationError} `OXBOW_OPTION_UNKNOWN`, `OXBOW_OPTION_INVALID` where an option cannot be meant so
 *
 * @example
 * ```ts
 * import { gcsStorage } from "oxbow/storage/gcs";
 *
 * const storage = gcsStorage({ bucket: "results", prefix: "team-a" });
 * ```
 */
export function gcsStorage(options: GcsStorageOptions): Storage {
  return objectStorage(gcsMedium(options), { configuration: gcsConfiguration(options) });
}
