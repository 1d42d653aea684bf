import { type Configuration, resolveReferences } from "../kernel/configuration.ts";
import type { Duration } from "../kernel/duration.ts";
import { checkOptionNames } from "../kernel/option-names.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import { patienceOf } from "./internal/attempts.ts";
import { objectStorage } from "./internal/object-storage.ts";
import { S3Bucket } from "./s3/bucket.ts";
import { S3Medium } from "./s3/medium.ts";
import type { S3Server } from "./s3/server.ts";
import type { Storage } from "./storage.ts";

export type { S3ClientLike, S3Credentials, S3Server } from "./s3/server.ts";

/** Where {@link s3Storage} keeps records, and how it uses the server. */
export interface S3StorageOptions extends S3Server {
  /**
   * Whether the server decides between several writers, by `If-None-Match` and `If-Match`: Amazon's does. `"probe"` finds out with the first
   * write that needs it; with `false`, or a server that does not, `ifAbsent` needs {@link locks}.
   *
   * @default true for Amazon's servers, "probe" for others
   */
  readonly conditionalWrites?: boolean | "probe" | undefined;
  /**
   * How long a request may take with all its repetitions, plus a second for each 64 KB that it sends; a download, how long it may stand
   * still.
   *
   * @default "30s"
   */
  readonly timeout?: Duration | undefined;
  /**
   * How often a request is tried again that was throttled, or whose connection broke. A {@link client} of your own tries its requests again
   * by itself, as it was told; this is then for downloads that break off.
   *
   * @default 4
   */
  readonly retries?: number | undefined;
  /** What decides `ifAbsent` on a server without conditional writes. All who write to the place have to share it. @default none */
  readonly locks?: LockManager | undefined;
}

const who = "s3Storage()";
const optionNames = [
  "bucket",
  "prefix",
  "region",
  "endpoint",
  "forcePathStyle",
  "credentials",
  "client",
  "checksums",
  "conditionalWrites",
  "timeout",
  "retries",
  "locks",
];

/*
 * DESIGN: records as objects of a bucket. What a record is made of says internal/object-storage.ts; this is how the bytes get there.
 *
 *   s3/bucket.ts      requests: the client, time limits, repetitions, errors
 *   s3/read.ts        reading, a range at a time
 *   s3/write.ts       writing in one request; s3/multipart.ts: in parts, above 8 MiB
 *   s3/conditions.ts  whether the server keeps conditions
 *   s3/leftovers.ts   what processes that died have left
 *
 * What it promises: the contract of internal/object-medium.ts. Parts that a process left that died in the middle of a long write are
 * removed a day later, beside the first long write of another one, where its rights allow that.
 * What the caller must do: make the bucket. A lifecycle rule (AbortIncompleteMultipartUpload) removes such parts also where
 * nobody writes any more, and a second one (Expiration) old records.
 */

/**
 * Keeps records in a bucket of S3, or of a server that speaks its language, for any number of machines. It needs the package
 * `@aws-sdk/client-s3`. Strings may name environment variables: `{{ env.NAME }}`.
 *
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package `@aws-sdk/client-s3` is not installed
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` or `OXBOW_OPTION_UNKNOWN` where the options cannot be meant so
 *
 * @example
 * ```ts
 * import { s3Storage } from "oxbow/storage/s3";
 *
 * const storage = s3Storage({ bucket: "acme-results", prefix: "oxbow", region: "eu-central-1" });
 * ```
 */
export function s3Storage(options: S3StorageOptions): Storage {
  checkOptionNames(options, optionNames, who);
  const { client, locks, ...plain } = options;
  const { conditionalWrites, timeout, retries, ...server } = resolveReferences(plain, who);
  if (!["undefined", "boolean"].includes(typeof conditionalWrites) && conditionalWrites !== "probe") {
    throw new ConfigurationError(
      "OXBOW_OPTION_INVALID",
      `${who}: conditionalWrites cannot be ${String(conditionalWrites)}`,
      {
        hint: 'it is true, false or "probe"',
      },
    );
  }
  const bucket = new S3Bucket({ ...server, client }, patienceOf({ timeout, retries }, who), who);
  const configuration = configurationOf(options);
  return objectStorage(new S3Medium(bucket, conditionalWrites), {
    ...(locks === undefined ? {} : { locks }),
    ...(configuration === undefined ? {} : { configuration }),
  });
}

function configurationOf(options: S3StorageOptions): Configuration | undefined {
  if (options.client !== undefined || options.locks !== undefined) return undefined;
  const secrets = ["accessKeyId", "secretAccessKey", "sessionToken"].map((name) => `0.credentials.${name}`);
  return { type: "s3", args: [options], secrets };
}
