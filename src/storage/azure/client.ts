import { createRequire } from "node:module";
import { OxbowError } from "../../kernel/errors.ts";
import type { AzureTarget } from "./target.ts";

/** A `ContainerClient` of the package `@azure/storage-blob`, as far as it is used here. */
export interface AzureContainerClient {
  readonly accountName: string;
  readonly containerName: string;
  readonly url: string;
  getBlockBlobClient(name: string): AzureBlobClient;
  listBlobsFlat(options: { prefix?: string; abortSignal?: AbortSignal }): {
    byPage(settings: { continuationToken?: string; maxPageSize?: number }): {
      next(): Promise<IteratorResult<AzurePage, unknown>>;
    };
  };
}

/** A page of a list. */
export interface AzurePage {
  readonly continuationToken?: string;
  readonly segment: { readonly blobItems: ReadonlyArray<{ readonly name: string }> };
}

/** When something may be done to a blob. */
export interface AzureConditions {
  ifMatch?: string;
  ifNoneMatch?: string;
}

/** What goes with a request. */
export interface AzureRequest {
  abortSignal?: AbortSignal;
  conditions?: AzureConditions;
}

/** What goes with a request that makes a blob. */
export interface AzureWrite extends AzureRequest {
  metadata?: Record<string, string>;
  blobHTTPHeaders?: { blobContentType?: string };
}

/** What an answer says of a blob, and its bytes. */
export interface AzureDownload {
  readonly etag?: string;
  readonly lastModified?: Date;
  readonly contentLength?: number;
  readonly contentRange?: string;
  readonly readableStreamBody?: unknown;
}

/** A `BlockBlobClient` of the package `@azure/storage-blob`, as far as it is used here. */
export interface AzureBlobClient {
  download(
    offset?: number,
    count?: number,
    options?: AzureRequest & { maxRetryRequests?: number },
  ): Promise<AzureDownload>;
  upload(body: Buffer, length: number, options?: AzureWrite): Promise<unknown>;
  stageBlock(id: string, body: Buffer, length: number, options?: { abortSignal?: AbortSignal }): Promise<unknown>;
  commitBlockList(ids: string[], options?: AzureWrite): Promise<unknown>;
  getProperties(options?: AzureRequest): Promise<{ readonly metadata?: Record<string, string> }>;
  delete(options?: AzureRequest): Promise<unknown>;
}

/**
 * Says so where a storage is made, not at the first request.
 *
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package is not installed
 */
export function checkAzurePackage(who: string): void {
  try {
    createRequire(import.meta.url).resolve("@azure/storage-blob");
  } catch (cause) {
    throw new OxbowError(
      "OXBOW_DRIVER_MISSING",
      `${who} needs the package @azure/storage-blob, which is not installed`,
      {
        cause,
        hint: "npm install @azure/storage-blob",
      },
    );
  }
}

/** A client of our own. The package is loaded by the first one: importing a driver costs nothing of it. */
export async function newContainerClient(target: AzureTarget): Promise<AzureContainerClient> {
  const { ContainerClient, StorageSharedKeyCredential } = await import("@azure/storage-blob");
  const { container, endpoint, credential, sasToken } = target;
  // What is tried again is decided here: see internal/attempts.ts.
  const options = { retryOptions: { maxTries: 1 } };
  const url = `${endpoint}/${encodeURIComponent(container)}`;
  if (credential === undefined) return new ContainerClient(`${url}?${sasToken}`, undefined, options);
  const { accountName, accountKey } = credential;
  return new ContainerClient(url, new StorageSharedKeyCredential(accountName, accountKey), options);
}
