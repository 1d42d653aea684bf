import { azureConfiguration, azureMedium, type AzureStorageOptions } from "./azure/options.ts";
import { objectStorage } from "./internal/object-storage.ts";
import type { Storage } from "./storage.ts";

export type {
  AzureBlobClient,
  AzureConditions,
  AzureContainerClient,
  AzureDownload,
  AzurePage,
  AzureRequest,
  AzureWrite,
} from "./azure/client.ts";
export type { AzureStorageOptions } from "./azure/options.ts";

/*
 * DESIGN: records as blobs of a container in Azure Blob Storage.
 *
 *   internal/object-storage.ts   which objects there are, and what is in them
 *   azure/medium.ts              what an object store has to offer, in terms of blobs
 *   azure/requests.ts            one request: time limit, repetitions
 *   azure/download.ts, upload.ts bytes out and in; what is large goes up in blocks
 *   azure/target.ts              which account it is, and where
 *
 * What it promises: the contract of storage.ts among all who use the container. A hit is one request where the record is small, and
 * so is a miss, and a write. The service itself decides about conditions, by the ETag of a blob.
 * What the caller must do: make the container.
 */

/**
 * Keeps records in Azure Blob Storage, for several machines that share them. It needs the package `@azure/storage-blob`.
 *
 * Every text among the options may name environment variables: `{{ env.AZURE_STORAGE_CONNECTION_STRING }}`.
 *
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package is needed and not installed
 * @throws {ConfigurationError} `OXBOW_OPTION_UNKNOWN`, `OXBOW_OPTION_INVALID` where an option cannot be meant so
 *
 * @example
 * ```ts
 * import { azureStorage } from "oxbow/storage/azure";
 *
 * const storage = azureStorage({
 *   container: "results",
 *   connectionString: "{{ env.AZURE_STORAGE_CONNECTION_STRING }}",
 * });
 * ```
 */
export function azureStorage(options: AzureStorageOptions): Storage {
  return objectStorage(azureMedium(options), { configuration: azureConfiguration(options) });
}
