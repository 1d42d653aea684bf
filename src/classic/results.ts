/* The older names of storages: what they make goes into the option `result`. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Template } from "../authoring/options.ts";
import { services } from "../defaults.ts";
import { scopeForRun } from "../engine/scope.ts";
import type { Serializer } from "../serializers/serializer.ts";
import { azureStorage, type AzureStorageOptions } from "../storage/azure.ts";
import { gcsStorage, type GcsStorageOptions } from "../storage/gcs.ts";
import { s3Storage, type S3StorageOptions } from "../storage/s3.ts";
import type { Storage } from "../storage/storage.ts";

/** Where results go, and how they are written: what the option `result` takes. */
export interface Result {
  /** A storage, the path of a folder, or a block. */
  readonly storage: Storage | string;
  /** The path of a plain file that each run writes anew and none reads: a template, as in `target`. @default none: records, by their keys */
  readonly location?: Template | undefined;
  /** How records are written. @default the setting `results.defaultSerializer`: "json" */
  readonly serializer?: Serializer | undefined;
}

/** What all results have in common. */
export type ResultOptions = Omit<Result, "storage">;

/** Where {@link LocalResult} keeps results. */
export interface LocalResultOptions extends ResultOptions {
  /** The folder; `~` is that of the user. @default `results` in the folder that the setting `home` names: `~/.oxbow/results` */
  readonly dir?: string | undefined;
}

/** Results in a folder: one file each. @returns with the path of the folder as its storage */
export function LocalResult({ dir, ...rest }: LocalResultOptions = {}): Result & { readonly storage: string } {
  const folder = dir ?? join(scopeForRun(services).settings.home, "results");
  return { ...rest, storage: resolve(folder.replace(/^~(?=$|[/\\])/, () => homedir())) };
}

/**
 * Results in a bucket of S3: `s3Storage` of `oxbow/storage/s3`, whose options these are. Make it once and share it.
 *
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package `@aws-sdk/client-s3` is not installed
 */
export function S3Result({ location, serializer, ...options }: S3StorageOptions & ResultOptions): Result {
  return { storage: s3Storage(options), location, serializer };
}

/**
 * Results in Google Cloud Storage: `gcsStorage` of `oxbow/storage/gcs`, whose options these are. Make it once and share it.
 *
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package `@google-cloud/storage` is not installed
 */
export function GCSResult({ location, serializer, ...options }: GcsStorageOptions & ResultOptions): Result {
  return { storage: gcsStorage(options), location, serializer };
}

/**
 * Results in Azure Blob Storage: `azureStorage` of `oxbow/storage/azure`, whose options these are. Make it once and share it.
 *
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package `@azure/storage-blob` is not installed
 */
export function AzureResult({ location, serializer, ...options }: AzureStorageOptions & ResultOptions): Result {
  return { storage: azureStorage(options), location, serializer };
}

/** What the option `result` says, as a {@link Result}. */
export function resultOf(choice: Result | Storage | string): Result {
  return typeof choice === "object" && "storage" in choice ? choice : { storage: choice };
}
